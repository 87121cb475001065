#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What each form of a long trace costs: processor time, memory, size.

    sudo tests/bench/exports_at_scale.py --triptych build/userspace/cli/triptych [--stacks] [--paths DEPTH]

Records `perf bench sched pipe` until there are some 10 million events (or takes --trace), with a stack of each
switch and wakeup when asked, or with --paths a program that switches in 2^DEPTH paths of calls, and writes every export and report of it into a temporary directory, one after
the other. Budgets: a million events a second of processor time and 256 MiB resident for each, 5 MB for the
page.
"""

import argparse
import os
import subprocess
import sys
import tempfile

FORMS = ("csv", "jsonl", "perfetto", "chrome")
PROFILES = ("on-cpu", "off-cpu", "run-queue", "wakeup")
SLOWEST, LARGEST, LARGEST_PAGE = 1e6, 256.0, 5_000_000


def ways():
    for form in FORMS:
        yield form, ["export", "--format", form]
    for profile in PROFILES:
        yield f"svg, {profile}", ["export", "--format", "svg", "--profile", profile]
    for form in ("folded", "speedscope", "pprof"):
        yield f"{form}, wakeup", ["export", "--format", form, "--profile", "wakeup"]
    for form in ("text", "json", "html"):
        yield f"report, {form}", ["report", "--format", form]


def cost(command):
    """(processor seconds, MiB resident; no less than this program's own)"""
    process = os.fork()
    if process == 0:
        os.execv(command[0], command)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def events_of(triptych, trace):
    """Says what the trace has. In a process of its own: what this one has resident counts for its children."""
    code = ("import json, sys; report = json.load(sys.stdin); quality = report['data_quality']; "
            "print(quality['events'], quality['stack_records'], quality['lost'], len(report['tasks']))")
    report = subprocess.Popen([triptych, "report", "--format", "json", trace], stdout=subprocess.PIPE)
    told = subprocess.run([sys.executable, "-c", code], stdin=report.stdout, check=True,
                          capture_output=True, text=True).stdout
    report.wait()
    events, of_stacks, lost, tasks = map(int, told.split())
    print(f"{events:,} events, {of_stacks:,} records of stacks, {lost:,} lost, {tasks} tasks")
    return events


def many_paths(directory):
    program = os.path.join(directory, "many_paths")
    subprocess.run(["cc", "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-o", program,
                    os.path.join(os.path.dirname(os.path.abspath(__file__)), "many_paths.c")], check=True)
    return program


def record(triptych, trace, options):
    stacks = ["--stacks=on-cpu,off-cpu,wakeup"] if options.stacks or options.paths else []
    command = ["perf", "bench", "sched", "pipe", "-l", str(options.rounds)]
    if options.paths:
        command = [many_paths(os.path.dirname(trace)), str(options.rounds), str(options.paths)]
    subprocess.run([triptych, "record", "--buffer-size", "64M", *stacks, "-o", trace, "--", *command],
                   check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--triptych", required=True)
    parser.add_argument("--trace", help="take this one")
    parser.add_argument("--rounds", type=int, default=3_000_000, help="of the pipe, to be recorded")
    parser.add_argument("--stacks", action="store_true", help="record them")
    parser.add_argument("--paths", type=int, help="record stacks of a program with 2^PATHS of them")
    options = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as directory:
        trace = options.trace or os.path.join(directory, "trace.tpt")
        out = os.path.join(directory, "out")
        if not options.trace:
            record(options.triptych, trace, options)
        events = events_of(options.triptych, trace)
        print(f"{'':22}{'CPU':>8}{'M events/s':>12}{'resident':>12}{'size':>12}{'an event':>10}")
        for name, words in ways():
            seconds, resident = cost([options.triptych, *words, "-o", out, trace])
            size = os.stat(out).st_size
            os.unlink(out)
            over = events / seconds < SLOWEST or resident > LARGEST
            over = over or (name == "report, html" and size > LARGEST_PAGE)
            missed = missed or over
            print(f"{name:22}{seconds:6.2f} s{events / seconds / 1e6:12.2f}{resident:8.1f} MiB"
                  f"{size / 1e6:9.2f} MB{size / events:8.1f} B{'  MISSED' if over else ''}", flush=True)
    sys.exit(1 if missed else 0)


main()
