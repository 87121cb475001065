#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a stack at every switch costs, beside what it costs perf, measured in the same run.

    sudo tests/bench/stacks_side_by_side.py --triptych build/userspace/cli/triptych

Every round runs each way once, in turn, on the pinned pipe ping-pong, which blocks at every switch; a cost
is the median, over the rounds, of the difference to the same round without tracing. The frames that each
way captured are printed beside: a stack that is cheap because it is short proves nothing.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time

from side_by_side import RECORDER_CPU, SETTLE_SECONDS, pipe, run

BUDGETS = {"triptych, user": 1.0, "triptych, user and kernel": 1.15}


def ways_of(triptych):
    pin = ["taskset", "-c", RECORDER_CPU]
    own = [*pin, triptych, "record", "--events", "switch", "--stacks=off-cpu"]
    return {
        "none": [],
        "triptych, no stacks": [*pin, triptych, "record", "--events", "switch", "-o", "no.tpt", "--"],
        "triptych, user": [*own, "-o", "user.tpt", "--"],
        "triptych, user and kernel": [*own, "--kernel-stacks", "-o", "both.tpt", "--"],
        "perf record -g": [*pin, "perf", "record", "-q", "-g", "-e", "sched:sched_switch", "-o",
                           "perf.data", "--"],
    }


def own_frames(triptych, trace):
    """Mean frames of the user and of the kernel at the blocked switches, and how many there were."""
    length, user, kernel, events = {}, 0, 0, 0
    for line in run(triptych, "dump", trace).stdout.splitlines():
        words = line.split()
        if line.startswith("#") or len(words) < 4:
            continue
        fields = dict(word.split("=", 1) for word in words[4:] if "=" in word)
        if words[3] == "stack":
            length[fields["id"]] = fields.get("frames", "").count(",") + 1 if "frames" in fields else 0
        elif words[3] == "stack_of":
            events += 1
            user += length.get(fields.get("user", "0"), 0)
            kernel += length.get(fields.get("kernel", "0"), 0)
    return (user / events, kernel / events, events) if events else (0, 0, 0)


def perf_frames(data):
    """The same of perf's: addresses of the kernel are those with the highest bit."""
    user = kernel = events = 0
    for line in run("perf", "script", "-i", data, "-F", "ip").stdout.splitlines():
        word = line.split()[:1]
        if not word:
            events += 1
        elif len(word[0]) == 16 and word[0][0] in "89abcdef":
            kernel += 1
        else:
            user += 1
    return (user / events, kernel / events, events) if events else (0, 0, 0)


def measure(triptych, rounds, loops):
    ways = ways_of(triptych)
    times = {way: [] for way in ways}
    for _ in range(rounds):
        for way, prefix in ways.items():
            time.sleep(SETTLE_SECONDS)
            times[way].append(pipe(loops, prefix))
    print(f"pipe round trip, untraced: {statistics.median(times['none']):.2f} us, "
          f"{2e6 / statistics.median(times['none']):,.0f} switches/s")
    frames = {"triptych, user": own_frames(triptych, "user.tpt"),
              "triptych, user and kernel": own_frames(triptych, "both.tpt"),
              "perf record -g": perf_frames("perf.data")}
    added = {way: statistics.median(a - b for a, b in zip(times[way], times["none"]))
             for way in ways if way != "none"}
    print(f"{'way':<28}{'added':>9}{'of perf':>10}{'budget':>8}{'user':>7}{'kernel':>8}{'events':>10}")
    for way, cost in added.items():
        ratio = cost / added["perf record -g"]
        budget = BUDGETS.get(way)
        shown = "" if budget is None else f"{budget:g}"
        # Who takes less than nothing was not measured: the machine was not quiet.
        measured = cost > 0 and added["perf record -g"] > 0
        verdict = "" if budget is None else "inconclusive" if not measured else \
            "met" if ratio <= budget else "MISSED"
        deep = "".join((f"{frames[way][0]:>7.1f}", f"{frames[way][1]:>8.1f}",
                        f"{frames[way][2]:>10,}")) if way in frames else ""
        print(f"{way:<28}{cost:>6.2f} us{ratio:>10.2f}{shown:>8}{deep}  {verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triptych", default="build/userspace/cli/triptych")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--loops", type=int, default=100_000, help="pipe round trips a run")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("error: tracing needs root\nhint: sudo tests/bench/stacks_side_by_side.py")
    triptych = os.path.abspath(arguments.triptych)
    mounted = not os.path.exists("/sys/kernel/tracing/events")
    if mounted:  # perf needs it
        run("mount", "-t", "tracefs", "none", "/sys/kernel/tracing")
    directory = tempfile.mkdtemp(prefix="triptych-bench-")
    try:
        os.chdir(directory)
        measure(triptych, arguments.rounds, arguments.loops)
    finally:
        os.chdir("/")
        shutil.rmtree(directory, ignore_errors=True)
        if mounted:
            run("umount", "/sys/kernel/tracing")


if __name__ == "__main__":
    main()
