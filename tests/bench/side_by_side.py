#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What recording costs, beside what perf and bpftrace cost, measured in the same run.

    sudo tests/bench/side_by_side.py --triptych build/userspace/cli/triptych

Every round runs each way of tracing once, in turn, on the same pinned workload; a cost is the median,
over the rounds, of the difference to the same round without tracing. Times are CPU times of the
workload's own: the machine is shared, and what others take of it is in the time by the clock. Only
ratios of such figures mean anything, for the machine's speed drifts. Nothing here fails on a slow
machine. The last column says whether the budget is met, where the rounds agree on that: with the
95 % interval of the figure (bootstrap over the rounds) on both sides of the budget it is
"inconclusive".
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

WORKLOAD_CPU, RECORDER_CPU = "0", "1"
SETTLE_SECONDS = 1.0  # the kernel takes its time to detach system-call tracepoints, after the end
RESAMPLES = 2000

WORKLOAD = f"""
TIMEFORMAT='cpu %U %S'
time /usr/bin/taskset -c {WORKLOAD_CPU} /usr/bin/perf bench sched pipe -l $(cat loops)
"""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def pipe(loops, prefix):
    """Microseconds that a round trip of the pinned pipe ping-pong takes under `prefix`, of CPU time."""
    with open("workload", "w", encoding="ascii") as file:
        file.write(WORKLOAD)
    with open("loops", "w", encoding="ascii") as file:
        file.write(str(loops))
    command = ["/bin/bash", os.path.abspath("workload")]
    # bpftrace takes its command as one word.
    done = run(*prefix, *([" ".join(command)] if prefix[-1:] == ["-c"] else command))
    cpu = re.search(r"^cpu ([\d.]+) ([\d.]+)$", done.stderr, re.MULTILINE)
    if not cpu:
        sys.exit(f"{' '.join(prefix)}: {done.stdout}{done.stderr}")
    return sum(map(float, cpu.groups())) / loops * 1e6


def interval(count, figure):
    """The middle 95 % of what `figure` is of as many rounds drawn from the `count` that there are."""
    draw = random.Random(1)
    figures = sorted(figure([draw.randrange(count) for _ in range(count)]) for _ in range(RESAMPLES))
    return figures[RESAMPLES // 40], figures[-RESAMPLES // 40 - 1]


class Bench:
    def __init__(self, triptych, rounds, loops):
        self.triptych, self.rounds, self.loops = triptych, rounds, loops
        self.rows, self.results = [], {}

    def row(self, name, value, unit, budget=None, limits=None):
        low, high = limits or (value, value)
        verdict = ("" if budget is None else "met" if high <= budget else
                   "MISSED" if low > budget else "inconclusive")
        self.rows.append((name, value, unit, limits, budget, verdict))
        self.results[name] = {"value": value, "unit": unit, "budget": budget, "interval": limits,
                              "verdict": verdict}

    def row_of_rounds(self, name, unit, budget, figure):
        """`figure` gives the value of a list of rounds."""
        limits = interval(self.rounds, figure)
        self.row(name, figure(range(self.rounds)), unit, budget, limits)

    def recorder(self, *arguments):
        return ["taskset", "-c", RECORDER_CPU, self.triptych, "record", *arguments, "--"]

    def ways(self):
        pin = ["taskset", "-c", RECORDER_CPU]
        ways = {
            "none": [],
            "triptych switch+wakeup": self.recorder("-o", "sw.tpt", "--events", "switch,wakeup"),
            "triptych switch+wakeup, --coroutines off": self.recorder(
                "-o", "off.tpt", "--events", "switch,wakeup", "--coroutines", "off"),
            "triptych, everything": self.recorder("-o", "all.tpt"),
            "triptych --summary-only": self.recorder("-o", "sum.tpt", "--summary-only"),
            "triptych --summary-only, switch+wakeup": self.recorder(
                "-o", "ssw.tpt", "--summary-only", "--events", "switch,wakeup"),
            "perf sched record": [*pin, "perf", "sched", "record", "-o", "sched.data", "--"],
            "perf switch+wakeup": [*pin, "perf", "record", "-q", "-o", "sw.data", "-c", "1", "-a",
                                   "-e", "sched:sched_switch,sched:sched_wakeup", "--"],
        }
        if shutil.which("bpftrace"):
            ways["bpftrace, counting switches"] = [
                *pin, "bpftrace", "-q", "-e", "tracepoint:sched:sched_switch { @ = count(); }", "-c"]
        return ways

    def cost_of_tracing(self):
        ways = self.ways()
        times = {way: [] for way in ways}
        for turn in range(self.rounds):
            # Each second round backwards, so that none always has the same one before it.
            for way, prefix in list(ways.items())[::-1 if turn % 2 else 1]:
                time.sleep(SETTLE_SECONDS)
                times[way].append(pipe(self.loops, prefix))
        self.row("pipe round trip, untraced", statistics.median(times["none"]), "us")

        def added(way, rounds):
            return statistics.median(times[way][i] - times["none"][i] for i in rounds)

        def ratio(name, way, other, budget=None):
            self.row_of_rounds(name, "", budget,
                               lambda rounds: added(way, rounds) / (added(other, rounds) or 1e-9))

        for way in ways:
            if way != "none":
                self.row_of_rounds(f"added by {way}", "us", None, lambda rounds, way=way: added(way, rounds))
        own = "triptych switch+wakeup"
        ratio("switch+wakeup / perf sched record", own, "perf sched record", 0.40)
        ratio("switch+wakeup / perf switch+wakeup", own, "perf switch+wakeup", 0.50)
        # The pipe's program has no coroutines, which the default, `auto`, finds out.
        ratio("switch+wakeup, coroutines auto / off", own, own + ", --coroutines off", 1.10)
        ratio("summary / event stream, everything", "triptych --summary-only", "triptych, everything", 0.50)
        ratio("summary / event stream, switch+wakeup", "triptych --summary-only, switch+wakeup", own)

    def events(self, trace):
        done = run(self.triptych, "report", "--format", "json", trace)
        return json.loads(done.stdout)["data_quality"]["events"]

    def size_on_disk(self):
        self.row("bytes an event, pipe", os.path.getsize("sw.tpt") / self.events("sw.tpt"), "B", 4)
        for index in range(16):
            with open(f"f{index}.c", "w", encoding="ascii") as file:
                file.write("#include <stdio.h>\n#include <stdlib.h>\n" +
                           "".join(f"int f{index}_{i}(int x) {{ return printf(\"%d\", x * {i}); }}\n"
                                   for i in range(50)))
        with open("Makefile", "w", encoding="ascii") as file:
            objects = " ".join(f"f{i}.o" for i in range(16))
            file.write(f"all: {objects}\n%.o: %.c\n\tcc -O2 -c $< -o $@\n")
        run(self.triptych, "record", "-o", "make.tpt", "--", "make", "-s", "-j2")
        self.row("bytes an event, parallel make", os.path.getsize("make.tpt") /
                 self.events("make.tpt"), "B", 12)
        self.row("bytes a switch, perf sched record",
                 os.path.getsize("sched.data") / (2 * self.loops), "B")

    def reading(self):
        pipe(20 * self.loops, self.recorder("-o", "big.tpt", "--events", "switch,wakeup"))
        events = self.events("big.tpt")
        def speed(*command, count):
            begin = time.perf_counter()
            run("taskset", "-c", WORKLOAD_CPU, *command)
            return count / (time.perf_counter() - begin) / 1e6
        own = statistics.median(speed(self.triptych, "report", "big.tpt", count=events)
                                for _ in range(3))
        perf = speed("perf", "sched", "timehist", "-i", "sched.data", count=3 * self.loops)
        self.row("triptych report", own, "M events/s")
        self.row("perf sched timehist", perf, "M events/s")
        self.row("time per event, us (budget: 5 M events/s)", 1 / own, "us", 0.2)

    def start_and_end(self):
        """Until the command runs, and from its end to ours; the command tells its own time."""
        before, after = [], []
        for _ in range(self.rounds):
            begin = time.time_ns()
            done = run(self.triptych, "record", "-o", "date.tpt", "--", "date", "+%s%N")
            end = time.time_ns()
            moment = int(done.stdout)
            before.append((moment - begin) / 1e6)
            after.append((end - moment) / 1e6)
        for name, times in (("from the start to the command", before),
                            ("from the command's end to ours", after)):
            self.row_of_rounds(name, "ms", 100,
                               lambda rounds, times=times: statistics.median(times[i] for i in rounds))

    def print(self):
        print(f"{'figure':<50}{'value':>10}  {'95 % interval':<18}{'unit':<12}{'budget':>8}")
        for name, value, unit, limits, budget, verdict in self.rows:
            within = "" if limits is None else f"{limits[0]:.3f} to {limits[1]:.3f}"
            shown = "" if budget is None else f"{budget:g}"
            print(f"{name:<50}{value:>10.3f}  {within:<18}{unit:<12}{shown:>8}  {verdict}".rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triptych", default="build/userspace/cli/triptych")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--loops", type=int, default=150_000, help="pipe round trips a run")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("error: tracing needs root\nhint: sudo tests/bench/side_by_side.py")
    bench = Bench(os.path.abspath(arguments.triptych), arguments.rounds, arguments.loops)
    mounted = not os.path.exists("/sys/kernel/tracing/events")
    if mounted:  # perf and bpftrace need it
        run("mount", "-t", "tracefs", "none", "/sys/kernel/tracing")
    directory = tempfile.mkdtemp(prefix="triptych-bench-")
    try:
        os.chdir(directory)
        bench.cost_of_tracing()
        bench.size_on_disk()
        bench.reading()
        bench.start_and_end()
    finally:
        os.chdir("/")
        shutil.rmtree(directory, ignore_errors=True)
        if mounted:
            run("umount", "/sys/kernel/tracing")
    if arguments.json:
        print(json.dumps(bench.results, indent=2))
    else:
        bench.print()


if __name__ == "__main__":
    main()
