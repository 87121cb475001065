#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether two programs tell the same time of the same cells: the one that `triptych compare` takes its times
from, and triptych-bench, which is Google Benchmark. They take turns, a process each, on one CPU, and the
ratio of their medians is printed with its interval.

    tests/bench/by_benchmark.py --triptych build/userspace/cli/triptych
"""

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "e2e"))
import in_turns  # noqa: E402  (beside the tests, which use it too)

# Scenario, model, variant, operations of a run, parameters.
CELLS = [
    ("create", "process", "fork", 200, ["resident=16M"]),
    ("create", "process", "vfork", 400, ["resident=16M"]),
    ("create", "thread", "default", 2000, ["resident=16M"]),
    ("create", "coroutine", "stackless", 1000000, ["resident=16M"]),
    ("switch", "process", "fork", 10000, []),
    ("switch", "thread", "default", 10000, []),
    ("switch", "coroutine", "stackless", 1000000, []),
    ("cow", "process", "fork", 10, ["resident=4M"]),
    ("cow", "thread", "default", 50, ["resident=4M", "memory=file"]),
    ("ipc", "process", "pipe", 5000, []),
    ("lock", "thread", "private", 500000, ["units=1"]),
]


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def by_cell(arguments, scenario, model, variant, operations, settings):
    words = [word for each in settings for word in ("--set", each)]
    run = output_of([arguments.triptych, "run", scenario, "--model", model, "--variant", variant,
                     "--pin", str(arguments.cpu), "--iterations", str(operations), "--warm-up",
                     str(max(1, operations // 10)), "--format", "json", *words])
    return run["elapsed_ns"] / run["operations"]


def by_benchmark(arguments, scenario, model, variant, operations, settings):
    """As long as the other one runs; Google Benchmark's own first runs are its warm-up."""
    words = [word for each in settings for word in ("--set", f"{scenario}.{each}")]
    run = output_of(["taskset", "-c", str(arguments.cpu),
                     os.path.join(os.path.dirname(arguments.triptych), "triptych-bench"),
                     f"--benchmark_filter=^{scenario}/{model}/{variant}/",
                     f"--benchmark_min_time={arguments.seconds}", "--benchmark_format=json", *words])
    factor = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["benchmarks"][0]["time_unit"]]
    return run["benchmarks"][0]["real_time"] * factor


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triptych", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.02)
    parser.add_argument("--cpu", type=int, default=min(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    for cell in CELLS:
        ratio = in_turns.Ratio(*in_turns.measure(
            arguments.rounds, lambda cell=cell: by_cell(arguments, *cell),
            lambda cell=cell: by_benchmark(arguments, *cell)))
        print(f"{'/'.join(cell[:3])} {' '.join(cell[4])}: {ratio}", flush=True)


main()
