#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrows point one way: includes and CMake's DEPENDS against the table in docs/architecture.md."""
import re

from tree import C_FAMILY, files, finish, read

# Libraries that one folder alone may know.
ONLY_USER = {"bpf/": "probe", "triptych.skel.h": "probe", "CLI/": "cli", "zstd.h": "trace"}


def read_table():
    """{folder: set of folders}; `all` is everything, a dash is nothing."""
    table = {}
    for folder, allowed in re.findall(r"^\| `([a-z/]+)` \| (.+?) \|$", read("docs/architecture.md"),
                                      re.MULTILINE):
        table[folder] = set(re.findall(r"`([a-z/]+)`", allowed))
        if allowed.strip() == "all":
            table[folder] = None
    for folder in [name for name, allowed in table.items() if allowed is None]:
        table[folder] = set(table)
    return table


def find_cycle(table):
    done, open_folders = set(), []

    def visit(folder):
        if folder in open_folders:
            return open_folders[open_folders.index(folder):] + [folder]
        if folder in done:
            return None
        open_folders.append(folder)
        for other in sorted(table.get(folder, set()) - {folder}):
            cycle = visit(other)
            if cycle:
                return cycle
        open_folders.pop()
        done.add(folder)
        return None

    return next(filter(None, map(visit, table)), None)


def folder_of(path, table):
    """userspace/symbol/resolve/x.cpp → symbol/resolve, bpf/abi/events.h → abi.

    workloads/ is a module of the top level, whose scenarios' folders are its own.
    """
    if path.parts[0] == "workloads":
        return "workloads"
    parts = path.parts[1:-1]
    for length in range(len(parts), 0, -1):
        folder = "/".join(parts[:length])
        if folder in table:
            return folder
    return parts[0] if parts else ""


def check_includes(path, table, problems):
    own = folder_of(path, table)
    if own not in table:
        problems.append(f"{path}: docs/architecture.md has no row for {own or 'this folder'}")
        return
    for number, line in enumerate(read(path).splitlines(), start=1):
        include = re.match(r'\s*#\s*include\s+(["<])([^">]+)', line)
        if not include:
            continue
        quoted, target = include.group(1) == '"', include.group(2)
        for prefix, user in ONLY_USER.items():
            if target.startswith(prefix) and own != user:
                problems.append(f"{path}:{number}: only {user} may include {target}")
        if not quoted or target == "triptych.skel.h":
            continue
        folder = target.rsplit("/", 1)[0] if "/" in target else ""
        if folder.startswith("workloads/"):
            folder = "workloads"
        if folder not in table:
            problems.append(f"{path}:{number}: {target} is not rooted at a module")
        elif folder != own and folder not in table[own]:
            problems.append(f"{path}:{number}: {own} may not include {folder}")


def check_depends(path, table, problems):
    for name, arguments in re.findall(r"triptych_library\((\S+)([^)]*)\)", read(path)):
        depends = re.search(r"DEPENDS\s+([a-z/\s]+)", arguments)
        for folder in depends.group(1).split() if depends else ():
            if folder not in table.get(name, set()):
                problems.append(f"{path}: {name} may not depend on {folder}")


def main():
    table = read_table()
    problems = []
    if len(table) < 5:
        problems.append("docs/architecture.md: the layer table was not found")
    cycle = find_cycle(table)
    if cycle:
        problems.append("docs/architecture.md: a circle: " + " → ".join(cycle))
    checked = 0
    for path in files(C_FAMILY, "userspace", "bpf/abi", "workloads"):
        # What a traced program includes is rooted at <triptych/…> and knows nothing of the rest.
        check_includes(path, table, problems)
        checked += 1
    for path in files({".txt"}, "userspace", "workloads"):
        check_depends(path, table, problems)
    finish(problems, checked)


main()
