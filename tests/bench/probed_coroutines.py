#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many times as long a program of C++20 coroutines takes that knows nothing of it and is probed.

    sudo tests/bench/probed_coroutines.py --triptych build/userspace/cli/triptych

The program is that of tests/e2e/unmodified_test.py, a hundred rounds of it: 276,800 resumptions. Each round of the
measurement runs it bare and probed, in turn, on one CPU; a time is the CPU time between the beginning and the end of its
main(), as it says itself. With --other the same for another triptych, in the same rounds. --bpf has the kernel count,
too, how long our program takes for each hit, which costs time itself.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e", "programs")
CPU = 1
COUNTED = "/proc/sys/kernel/bpf_stats_enabled"
MAIN = r"""
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int timed_main(int, char **) __asm__("_Z10timed_mainiPPc");
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e3 + time.tv_nsec * 1e-6;
}
int main(int count, char **words) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(CPU, &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  double begin = now();
  int status = timed_main(count, words);
  fprintf(stderr, "took %.6f\n", now() - begin);
  if (getenv("STAYS")) sleep(1);
  return status;
}
"""


def build(directory, compiler, level):
    program = os.path.join(directory, "program")
    with open(program + ".c", "w", encoding="ascii") as file:
        file.write(MAIN)
    subprocess.run(["gcc", "-O2", f"-DCPU={CPU}", "-c", program + ".c", "-o", program + ".o"], check=True)
    parts = [os.path.join(PROGRAMS, f"unmodified{end}.cpp") for end in ("", "_library")]
    subprocess.run([compiler, "-std=c++20", level, "-pthread", "-Dmain=timed_main", program + ".o", *parts,
                    "-o", program], check=True)
    return program


def took(*command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return float(re.search(r"^took (\S+)$", done.stderr, re.MULTILINE).group(1))


def recorded(triptych, directory, program):
    return (triptych, "record", "-o", os.path.join(directory, "trace"), "--coroutines", "uprobe:cpp",
            "--coroutine-budget", "100%", "--", program, "all", "100")


def hit_ns(command):
    """What the kernel counts of our program while the probed one waits for a second at its end."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "STAYS": "1"}) as process:
        while not process.stderr.readline().startswith("took"):
            pass
        time.sleep(0.1)
        programs = json.loads(subprocess.check_output(["bpftool", "prog", "show", "--json"]))
        ours = [each for each in programs
                if each.get("name", "").startswith("on_cpp_corou") and each.get("run_cnt", 0) > 100_000]
        process.communicate()
    if len(ours) != 1:
        sys.exit("nothing counted, or another recording goes on")
    return ours[0]["run_time_ns"] / ours[0]["run_cnt"]


def count_hits(triptychs, directory, program, rounds):
    with open(COUNTED, encoding="ascii") as file:
        before = file.read()
    found = {each: [] for each in triptychs}
    try:
        with open(COUNTED, "w", encoding="ascii") as file:
            file.write("1")
        for _ in range(rounds):
            for each in triptychs:
                found[each].append(hit_ns(recorded(each, directory, program)))
    finally:
        with open(COUNTED, "w", encoding="ascii") as file:
            file.write(before)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triptych", required=True)
    parser.add_argument("--other")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--level", default="-O2")
    parser.add_argument("--bpf", action="store_true")
    arguments = parser.parse_args()
    triptychs = [each for each in (arguments.triptych, arguments.other) if each]
    with tempfile.TemporaryDirectory() as directory:
        program = build(directory, arguments.compiler, arguments.level)
        bare, probed = [], {each: [] for each in triptychs}
        for turn in range(arguments.rounds):
            bare.append(took(program, "all", "100"))
            for each in triptychs if turn % 2 == 0 else reversed(triptychs):
                probed[each].append(took(*recorded(each, directory, program)))
        middle = statistics.median(bare)
        print(f"bare {middle:.2f} ms, of {min(bare):.2f} to {max(bare):.2f}")
        for each, times in probed.items():
            print(f"{each}: {statistics.median(times):.1f} ms, of {min(times):.1f} to {max(times):.1f}, "
                  f"{statistics.median(times) / middle:.1f} times as long")
        if arguments.bpf:
            for each, times in count_hits(triptychs, directory, program, arguments.rounds).items():
                print(f"{each}: {statistics.median(times):.1f} ns of BPF a hit")


if __name__ == "__main__":
    main()
