#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each header compiles on its own.

    check_headers.py COMPILER [FLAG...]

The header that a source of the same name includes first is compiled on its own by the build.
"""
import concurrent.futures
import os
import subprocess
import sys

from tree import ROOT, files, finish


def is_first_of_its_source(path):
    source = ROOT / path.with_suffix(".cpp")
    if not source.exists():
        return False
    first = next((line for line in source.read_text().splitlines() if line.startswith("#")), "")
    return first.startswith("#include") and first.endswith(f'/{path.name}"')


def headers():
    for path in files({".hpp"}, "userspace", "workloads", "tests/support"):
        if not is_first_of_its_source(path):
            yield path, "c++", ["-std=c++20"]
    for path in files({".h"}, "bpf/abi", "userspace", "tests/support"):
        if not path.name.endswith(".bpf.h"):
            yield path, "c++", ["-std=c++20"]
            yield path, "c", ["-std=c11"]


def compile_alone(job):
    path, language, flags = job
    # Twice: a header without a guard shows itself too.
    source = f'#include "{ROOT / path}"\n' * 2
    done = subprocess.run([*sys.argv[1:], *flags, "-fsyntax-only", "-x", language, "-"], input=source,
                          text=True, capture_output=True, check=False, cwd=ROOT)
    return f"{path} as {language}:\n{done.stderr}" if done.returncode != 0 else None


def main():
    jobs = list(headers())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [problem for problem in pool.map(compile_alone, jobs) if problem]
    finish(problems, len(jobs))


main()
