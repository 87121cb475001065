#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that a look at the text can keep: licence lines, sizes, words."""
import re

from tree import C_FAMILY, ROOT, files, finish, read

MAX_LINES = 500
# A longer file needs its reason here.
LONG_FILES = {}

SCRIPTS = {".py", ".sh", ".cmake"}
OTHER_TEXT = {".md", ".1", ".json", ".bash", ".fish", ".txt"}
BPF_LICENCE = "SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause"
LICENCE = "SPDX-License-Identifier: Apache-2.0"
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:(?:work|root|home/\w+)/|tmp/build)")
COMMENT_OR_STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text):
    """Blanks comments and strings, keeps the line numbers."""
    return COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def is_bpf(path):
    return path.parts[0] == "bpf" or path.name.endswith((".bpf.c", ".bpf.h"))


def is_source(path):
    return path.suffix in C_FAMILY | SCRIPTS or path.name == "CMakeLists.txt"


def check_file(path, text, problems):
    lines = text.splitlines()
    if is_source(path):
        wanted = BPF_LICENCE if is_bpf(path) and path.suffix in C_FAMILY else LICENCE
        if not any(wanted in line for line in lines[:2]):
            problems.append(f"{path}:1: the first line should say {wanted}")
        if len(lines) > MAX_LINES and str(path) not in LONG_FILES:
            problems.append(f"{path}: {len(lines)} lines, {MAX_LINES} at most: split it")
    for number, line in enumerate(lines, start=1):
        if MACHINE_PATH.search(line):
            problems.append(f"{path}:{number}: a path of one machine")
        if line.rstrip() != line:
            problems.append(f"{path}:{number}: blanks at the end")
    if text and not text.endswith("\n"):
        problems.append(f"{path}: no newline at the end")


def check_code(path, text, problems):
    for number, line in enumerate(code_only(text).splitlines(), start=1):
        # The programs that are recorded are other people's: some throw.
        if re.search(r"\bthrow\b", line) and "programs" not in path.parts:
            problems.append(f"{path}:{number}: throw: recoverable errors are values")
        # Inside bpf/, pid is the kernel's own field.
        if not is_bpf(path) and re.search(r"(?<!->)(?<!\.)\bpid\b", line):
            problems.append(f"{path}:{number}: a bare pid: say tid or tgid")
        if re.search(r"\b(TODO|FIXME|XXX)\b", text.splitlines()[number - 1]):
            problems.append(f"{path}:{number}: unfinished work belongs on the issue tracker")
    if path.suffix in {".hpp"} and "#pragma once" not in text:
        problems.append(f"{path}: no #pragma once")


def main():
    problems = []
    checked = 0
    for path in files(C_FAMILY | SCRIPTS | OTHER_TEXT):
        # Bytes and texts that other programs wrote, or that tests compare to the byte.
        if "golden" in path.parts and path.suffix not in C_FAMILY | {".py"}:
            continue
        text = read(path)
        check_file(path, text, problems)
        if path.suffix in C_FAMILY:
            check_code(path, text, problems)
        checked += 1
    for name in ("bootstrap", "CMakeLists.txt", "README.md", "CMakePresets.json"):
        if (ROOT / name).exists():
            for number, line in enumerate(read(name).splitlines(), start=1):
                if MACHINE_PATH.search(line):
                    problems.append(f"{name}:{number}: a path of one machine")
    finish(problems, checked)


main()
