#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does compare claim differences that are not there, and find one that is?

    aa_pairs.py --triptych PROGRAM [--pairs 40] [SCENARIO...]       identical pairs (default: create switch)
    aa_pairs.py --triptych PROGRAM --slowdown 5 [--pairs 10]        cpu against cpu with so much more work

Each pair is two whole comparisons, one after the other, held against each other by `triptych diff`. Of identical
pairs at most 10 % may be called different in any figure; a slowdown of 5 % must be found in 90 % of thorough
runs. By hand, on a machine that does nothing else: 40 pairs take about 20 minutes.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def measure(arguments, path, *words):
    command = [arguments.triptych, "compare", *words, "--format", "json", "-o", path]
    if arguments.repetitions:
        command += ["--repetitions", str(arguments.repetitions)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def difference(arguments, before, after):
    done = subprocess.run([arguments.triptych, "diff", "--format", "json", before, after],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def claimed(result):
    return [metric for metric in result["metrics"]
            if metric["verdict"] in ("slower", "faster") and metric["before_values"] > 1]


def identical_pairs(arguments, directory):
    different = 0
    for pair in range(arguments.pairs):
        paths = [os.path.join(directory, f"{pair}-{side}.json") for side in "ab"]
        for path in paths:
            measure(arguments, path, "--quick", *arguments.scenarios)
        claims = claimed(difference(arguments, *paths))
        different += bool(claims)
        said = "; ".join(f"{each['name']} {each['ratio']:.3f}" for each in claims[:3])
        print(f"pair {pair + 1}: {said or 'not called different'}", flush=True)
    limit = arguments.pairs // 10
    print(f"{different} of {arguments.pairs} identical pairs were called different; {limit} may be")
    return different <= limit


def slowdowns(arguments, directory):
    found = 0
    effort = ["--thorough", "cpu", "--models", "thread", "--set", "units=1"]
    for pair in range(arguments.pairs):
        before, after = (os.path.join(directory, f"{pair}-{side}.json") for side in "ab")
        measure(arguments, before, *effort)
        measure(arguments, after, *effort, "--set", f"extra={arguments.slowdown}%")
        result = difference(arguments, before, after)
        times = [metric for metric in result["metrics"]
                 if metric["name"].endswith("pinned: time_per_operation")
                 and "unpinned" not in metric["name"]]
        found += times[0]["verdict"] == "slower"
        print(f"pair {pair + 1}: {times[0]['verdict']}, ratio {times[0]['ratio']:.3f}, "
              f"interval {times[0]['interval']}", flush=True)
    print(f"{found} of {arguments.pairs} slowdowns of {arguments.slowdown} % were found")
    return found >= 0.9 * arguments.pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triptych", required=True)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--slowdown", type=float)
    parser.add_argument("scenarios", nargs="*", default=["create", "switch"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        run = slowdowns if arguments.slowdown else identical_pairs
        sys.exit(0 if run(arguments, directory) else 1)


main()
