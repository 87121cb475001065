#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The man page and the completions name every command and option that the program has, and no other.

    check_interface.py TRIPTYCH
"""
import re
import subprocess
import sys

from tree import finish, read

PAGES = {
    "docs/triptych.1": r"--[a-z][a-z-]+",
    "userspace/cli/completions/triptych.bash": r"--[a-z][a-z-]+",
    "userspace/cli/completions/_triptych": r"--[a-z][a-z-]+",
    "userspace/cli/completions/triptych.fish": r"-l ([a-z][a-z-]+)",
}


def help_of(program, *words):
    return subprocess.run([program, *words, "--help"], text=True, capture_output=True,
                          check=True).stdout


def commands_of(text):
    section = text.split("Subcommands:")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+) ", section, re.MULTILINE)


def options_of(text):
    return set(re.findall(r"^  (?:-\w,)?(--[a-z][a-z-]+)", text, re.MULTILINE))


def main():
    program = sys.argv[1]
    overview = help_of(program)
    commands = commands_of(overview)
    options = options_of(overview)
    for command in commands:
        options |= options_of(help_of(program, command))
    problems = []
    if len(commands) < 3 or len(options) < 10:
        problems.append("the program's help could not be read")
    for page, pattern in PAGES.items():
        text = read(page).replace("\\-", "-")
        found = {"--" + name.removeprefix("--") for name in re.findall(pattern, text)}
        wanted = options - {"--help", "--version"}
        problems += [f"{page}: {option} is missing" for option in sorted(wanted - found)]
        problems += [f"{page}: the program has no {option}" for option in sorted(found - options)]
        problems += [f"{page}: the command {command} is missing" for command in commands
                     if not re.search(rf"\b{command}\b", text)]
    finish(problems, len(PAGES))


main()
