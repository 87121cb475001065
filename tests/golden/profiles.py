# SPDX-License-Identifier: Apache-2.0
"""What the tests of profiles have in common: every profile of every golden trace, as folded text."""
import os
import re
import subprocess
import sys

import golden_traces

KINDS = ("on-cpu", "off-cpu", "run-queue", "wakeup", "fault", "cow", "fork", "coroutine", "suspended")
UNITS = {"on-cpu": ("ns", "count", "samples"), "fault": ("count", "pages", "ns"), "cow": ("pages", "count", "ns")}


def units_of(kind):
    return UNITS.get(kind, ("ns", "count"))


def exported(program, trace, form, kind, *options):
    """None: the trace cannot serve it."""
    done = subprocess.run([program, "export", "--format", form, "--profile", kind, *options, trace],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode == 2 and b"hint: record with" in done.stderr:
        return None
    assert done.returncode == 0, done.stderr
    return done.stdout


def folded(program, trace, kind, unit, *options):
    """{(frame, ...): value}"""
    text = exported(program, trace, "folded", kind, "--unit", unit, *options).decode("utf-8")
    paths = {}
    for line in text.splitlines():
        if not line.startswith("# "):
            path, value = re.fullmatch(r"([^ ;].*) ([1-9][0-9]*)", line).groups()
            paths[tuple(path.split(";"))] = int(value)
    return paths


def as_folded(name):
    """What the folded form makes of a name that another one shows."""
    return re.sub(r" ([0-9.]+)$", r"_\1", name.replace(";", ":"))


def main(check):
    """Calls check(program, trace, kind) for each profile of each golden trace; it says how much was in it."""
    program, directory = sys.argv[1:3]
    total = {}
    for case in golden_traces.cases(directory):
        if case == "summary-mode":
            continue
        trace = os.path.join(directory, case, "trace.txt")
        for kind in KINDS:
            try:
                total[kind] = total.get(kind, 0) + check(program, trace, kind)
            except (AssertionError, AttributeError, LookupError, ValueError) as problem:
                sys.exit(f"{case}, {kind}: {type(problem).__name__}: {problem}")
    assert all(total[kind] for kind in KINDS), total
    print(total)
