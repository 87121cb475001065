#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format over the C and C++: bpf/ has the kernel's style (bpf/.clang-format), and so, checked by
nobody, have the C headers that programs in C include."""
import shutil
import subprocess
import sys

from tree import C_FAMILY, ROOT, files, finish


def main():
    if shutil.which("clang-format") is None:
        sys.exit("clang-format is missing")
    paths = [str(p) for p in files(C_FAMILY, "bpf", "userspace", "workloads", "tests")
             if "include" not in p.parts or p.suffix == ".hpp"]
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", *paths], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line})
    problems = [f"{path}: clang-format -i {path}" for path in wrong]
    if done.returncode != 0 and not problems:
        problems.append(done.stderr)
    finish(problems, len(paths))


main()
