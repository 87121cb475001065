#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy (.clang-tidy) over user space's sources.

    check_tidy.py BUILD_DIRECTORY

Most of its time goes into the headers, the standard library's above all. So sources with the same flags are looked
at together, as one that includes them: a quarter of the time, and the same findings. Where two of them define the
same name in their unnamed namespaces, they are looked at one by one; so are those of a group with findings, as one
may shadow what another defines.

Sources that passed are not looked at again until they, a header or the list of checks have changed.
"""
import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from tree import ROOT, files, finish, read

TOGETHER = 42


def state_of_headers():
    digest = hashlib.sha256(read(".clang-tidy").encode())
    for path in files({".hpp", ".h", ".inc"}):
        digest.update(read(path).encode())
    return digest


def key_of(sources, headers):
    digest = headers.copy()
    for source in sources:
        digest.update(str(source).encode() + read(source).encode())
    return digest.hexdigest()


def groups(build):
    """(flags, sources) of sources whose flags are the same."""
    wanted = {str(ROOT / p): p for p in files({".cpp"}, "userspace", "workloads")}
    with_flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        for compiled in compiled_by(pathlib.Path(entry["file"])):
            source = wanted.pop(compiled, None)
            if source is not None:
                with_flags.setdefault(tuple(flags_in(entry["command"])), []).append(source)
    for flags, sources in with_flags.items():
        programs = [source for source in sources if re.search("^int main\\(", read(source), re.MULTILINE)]
        yield from ((flags, [program]) for program in programs)
        remaining = iter(sorted(set(sources) - set(programs)))
        while group := list(itertools.islice(remaining, TOGETHER)):
            yield flags, group


def compiled_by(file):
    """The sources that a build compiles with this one: CMake writes files that include several (UNITY_BUILD)."""
    return re.findall('^#include "(.*)"$', file.read_text(), re.MULTILINE) if file.parent.name == "Unity" else [str(file)]


def flags_in(command):
    words = shlex.split(command)
    flags = [word for word in words if word.startswith(("-I", "-D", "-std=", "-W"))]
    systems = [pair for pair in itertools.pairwise(words) if pair[0] == "-isystem"]
    return sorted(flags) + [word for pair in systems for word in pair] + ["-Wno-unknown-warning-option"]  # those of g++


def run(flags, source, *words):
    return subprocess.run(["clang-tidy", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", *words, source, "--", *flags],
                          text=True, capture_output=True, check=False, cwd=ROOT)


def tidy_alone(flags, source):
    done = run(flags, ROOT / source)
    return None if done.returncode == 0 else done.stdout or done.stderr


def tidy(build, flags, sources):
    if len(sources) > 1:
        together = build / "tidy" / (re.sub(r"\W", "_", str(sources[0])) + ".cpp")
        together.parent.mkdir(exist_ok=True)
        together.write_text("".join(f'#include "{ROOT / source}"\n' for source in sources))
        if run(flags, together, "--checks=-bugprone-suspicious-include").returncode == 0:
            return None
    problems = [tidy_alone(flags, source) for source in sources]
    return "\n".join(problem for problem in problems if problem) or None


def main():
    if shutil.which("clang-tidy") is None:
        sys.exit("clang-tidy is missing")
    build = pathlib.Path(sys.argv[1])
    headers = state_of_headers()
    memory = build / "tidy-passed.json"
    passed = set(json.loads(memory.read_text())) if memory.exists() else set()
    keys = {key_of(sources, headers): (flags, sources) for flags, sources in groups(build)}
    pending = [key for key in keys if key not in passed]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(pending, pool.map(lambda key: tidy(build, *keys[key]), pending)))
    memory.write_text(json.dumps(sorted(key for key in keys if not results.get(key))))
    finish([result for result in results.values() if result], sum(len(sources) for _, sources in keys.values()))


main()
