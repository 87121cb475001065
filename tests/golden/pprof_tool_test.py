# SPDX-License-Identifier: Apache-2.0
"""`go tool pprof` reads the pprof form: it prints the same totals, and the same frames on top, as the folded form.

    pprof_tool_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import os
import pathlib
import shutil
import sys
import tempfile

import pprof_top
import profiles

CASES = ("coroutines", "fork-cow", "hostile-frames", "profile-stacks")


def check(program, trace, file):
    checked = 0
    for kind in profiles.KINDS:
        raw = profiles.exported(program, trace, "pprof", kind)
        if raw is None:
            continue
        pathlib.Path(file).write_bytes(raw)
        for unit in profiles.units_of(kind):
            paths = profiles.folded(program, trace, kind, unit)
            if paths:
                pprof_top.check(file, unit, paths)
                checked += 1
    return checked


def main():
    program, directory = sys.argv[1:]
    if shutil.which(pprof_top.PROGRAM) is None:
        print("skipped: there is no go")
        sys.exit(1 if "TRIPTYCH_REQUIRE" in os.environ else 77)
    checked = 0
    with tempfile.TemporaryDirectory() as temporary:
        for case in CASES:
            try:
                checked += check(program, os.path.join(directory, case, "trace.txt"),
                                 os.path.join(temporary, "profile"))
            except (AssertionError, AttributeError, LookupError) as problem:
                sys.exit(f"{case}: {type(problem).__name__}: {problem}")
    print(checked, "profiles")
    assert checked > 20, checked


main()
