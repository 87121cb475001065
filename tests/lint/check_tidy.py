#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy (.clang-tidy) over user space's sources.

    check_tidy.py BUILD_DIRECTORY

A source that passed is not looked at again until it, a header or the list of checks has changed.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

from tree import ROOT, files, finish, read


def state_of_headers():
    digest = hashlib.sha256(read(".clang-tidy").encode())
    for path in files({".hpp", ".h", ".inc"}):
        digest.update(read(path).encode())
    return digest


def key_of(source, headers):
    digest = headers.copy()
    digest.update(str(source).encode() + read(source).encode())
    return digest.hexdigest()


def tidy(build, source):
    done = subprocess.run(["clang-tidy", "-p", build, "--quiet", ROOT / source], text=True,
                          capture_output=True, check=False, cwd=ROOT)
    return None if done.returncode == 0 else done.stdout or done.stderr


def main():
    if shutil.which("clang-tidy") is None:
        sys.exit("clang-tidy is missing")
    build = pathlib.Path(sys.argv[1])
    compiled = {entry["file"] for entry in json.loads((build / "compile_commands.json").read_text())}
    sources = [p for p in files({".cpp"}, "userspace", "workloads") if str(ROOT / p) in compiled]
    headers = state_of_headers()
    memory = build / "tidy-passed.json"
    passed = set(json.loads(memory.read_text())) if memory.exists() else set()
    keys = {source: key_of(source, headers) for source in sources}
    pending = [source for source in sources if keys[source] not in passed]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda source: tidy(build, source), pending))
    failed = {source for source, result in zip(pending, results) if result}
    memory.write_text(json.dumps(sorted(keys[s] for s in sources if s not in failed)))
    finish([result for result in results if result], len(sources))


main()
