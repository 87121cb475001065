#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What recording costs, beside what perf and bpftrace cost, measured in the same run.

    sudo tests/bench/side_by_side.py --triptych build/userspace/cli/triptych

Every round runs each way of tracing once, in turn, on the same pinned workload; a cost is the median,
over the rounds, of the difference to the same round without tracing. Only ratios of such figures mean
anything: the machine is shared, and its speed drifts. Nothing here fails on a slow machine; the last
column says whether the budget is met.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

WORKLOAD_CPU, RECORDER_CPU = "0", "1"
SETTLE_SECONDS = 1.0  # the kernel takes its time to detach system-call tracepoints, after the end


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def pipe(loops, prefix):
    """Microseconds a round trip of the pinned pipe ping-pong takes under `prefix`, and how much CPU time of its own."""
    done = run(*prefix, "bash", "-c", f"TIMEFORMAT='cpu %U %S'; time taskset -c {WORKLOAD_CPU} perf bench sched "
                                      f"pipe -l {loops}")
    found = re.search(r"([\d.]+) usecs/op", done.stdout)
    cpu = re.search(r"^cpu ([\d.]+) ([\d.]+)$", done.stderr, re.MULTILINE)
    if not found or not cpu:
        sys.exit(f"{' '.join(prefix)}: {done.stdout}{done.stderr}")
    return float(found.group(1)), sum(map(float, cpu.groups())) / loops * 1e6


class Bench:
    def __init__(self, triptych, rounds, loops):
        self.triptych, self.rounds, self.loops = triptych, rounds, loops
        self.rows, self.results = [], {}

    def row(self, name, value, unit, budget=None):
        verdict = "" if budget is None else ("met" if value <= budget else "MISSED")
        self.rows.append((name, value, unit, budget, verdict))
        self.results[name] = {"value": value, "unit": unit, "budget": budget}

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
        times, cpu_times = {way: [] for way in ways}, {way: [] for way in ways}
        for turn in range(self.rounds):
            # Each second round backwards, so that none always has the same one before it.
            for way, prefix in list(ways.items())[::-1 if turn % 2 else 1]:
                time.sleep(SETTLE_SECONDS)
                if prefix[-1:] == ["-c"]:  # bpftrace takes the command as one word
                    done = run(*prefix, f"/usr/bin/taskset -c {WORKLOAD_CPU} /usr/bin/perf bench "
                                        f"sched pipe -l {self.loops}")
                    found = re.search(r"([\d.]+) usecs/op", done.stdout)
                    if not found:
                        continue
                    times[way].append(float(found.group(1)))
                else:
                    wall, cpu = pipe(self.loops, prefix)
                    times[way].append(wall)
                    cpu_times[way].append(cpu)
        self.row("pipe round trip, untraced", statistics.median(times["none"]), "us")
        added = {}
        for way, values in times.items():
            if way == "none" or not values:
                continue
            added[way] = statistics.median(a - b for a, b in zip(values, times["none"]))
            self.row(f"added by {way}", added[way], "us")
        own = added["triptych switch+wakeup"]
        self.row("switch+wakeup / perf sched record", own / added["perf sched record"], "", 0.40)
        self.row("switch+wakeup / perf switch+wakeup", own / added["perf switch+wakeup"], "", 0.50)
        # The pipe's program has no coroutines, which the default, `auto`, finds out. By CPU time: the difference of two
        # that do the same is smaller than what others take of a CPU.
        auto, off = (statistics.median(a - b for a, b in zip(cpu_times[way], cpu_times["none"]))
                     for way in ("triptych switch+wakeup", "triptych switch+wakeup, --coroutines off"))
        self.row("CPU: switch+wakeup, coroutines auto / off", auto / off, "", 1.10)
        self.row("summary / event stream, everything", added["triptych --summary-only"] /
                 added["triptych, everything"], "", 0.50)
        self.row("summary / event stream, switch+wakeup",
                 added["triptych --summary-only, switch+wakeup"] / own, "")

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
        self.row("from the start to the command", statistics.median(before), "ms", 100)
        self.row("from the command's end to ours", statistics.median(after), "ms", 100)

    def print(self):
        print(f"{'figure':<52}{'value':>10}  {'unit':<12}{'budget':>8}")
        for name, value, unit, budget, verdict in self.rows:
            shown = "" if budget is None else f"{budget:g}"
            print(f"{name:<52}{value:>10.3f}  {unit:<12}{shown:>8}  {verdict}")


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
