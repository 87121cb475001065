# SPDX-License-Identifier: Apache-2.0
"""What the tests of exports have in common: the golden traces, and how they are exported."""
import collections
import os
import subprocess
import sys

import golden_traces


def exported(program, trace, form):
    return subprocess.run([program, "export", "--format", form, trace], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout


def main(check):
    """Calls check(program, trace) for each golden trace; it says how many rows there were, by kind."""
    program, directory = sys.argv[1:]
    total = collections.Counter()
    for case in golden_traces.cases(directory):
        if case == "summary-mode":
            continue
        trace = os.path.join(directory, case, "trace.txt")
        try:
            total += check(program, trace)
        except (AssertionError, LookupError, ValueError) as problem:
            sys.exit(f"{case}: {type(problem).__name__}: {problem}")
    assert all(total[kind] for kind in ("running", "fault", "creation", "coroutine")), total
    print(dict(total))
    return total
