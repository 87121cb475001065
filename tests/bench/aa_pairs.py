#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does compare claim differences that are not there, and find one that is?

    aa_pairs.py --triptych PROGRAM [--pairs 40] [SCENARIO...]       identical pairs (default: create switch)
    aa_pairs.py --triptych PROGRAM --apart [...]                    the same, in two files
    aa_pairs.py --triptych PROGRAM --slowdown 5 [--pairs 10]        cpu against cpu with so much more work

An identical pair is one comparison with twice the repetitions, of which the odd ones are held against the even
ones: as the cells of a report are, they take turns. With --apart it is two comparisons, one after the other, so that
what changes in the machine from one to the next counts too. Either way the rule is the one of `triptych diff`, and
at most 10 % of the pairs may be called different in any figure. A slowdown of 5 % must be found in 90 % of thorough
runs. By hand, on a machine that does nothing else: 40 pairs take about 7 minutes, apart 14.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def measure(arguments, path, *words):
    command = [arguments.triptych, "compare", *words, "--format", "json", "-o", path]
    if arguments.repetitions and "--repetitions" not in words:
        command += ["--repetitions", str(arguments.repetitions)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def difference(arguments, before, after):
    done = subprocess.run([arguments.triptych, "diff", "--format", "json", before, after],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def claimed(result):
    return [metric for metric in result["metrics"]
            if metric["verdict"] in ("slower", "faster") and metric["before_values"] > 1]


def measure_apart(arguments, paths):
    for path in paths:
        measure(arguments, path, "--quick", *arguments.scenarios)


def measure_in_turns(arguments, paths):
    """One comparison, its repetitions dealt to two files."""
    repetitions = 2 * (arguments.repetitions or 10)
    measure(arguments, paths[0], "--quick", "--repetitions", str(repetitions),
            *arguments.scenarios)
    with open(paths[0], encoding="utf-8") as file:
        whole = file.read()
    for side, path in enumerate(paths):
        document = json.loads(whole)
        for cell in document["cells"]:
            for figure in cell["figures"]:
                figure["values"] = figure["values"][side::2]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)


def identical_pairs(arguments, directory):
    different = 0
    for pair in range(arguments.pairs):
        paths = [os.path.join(directory, f"{pair}-{side}.json") for side in "ab"]
        (measure_apart if arguments.apart else measure_in_turns)(arguments, paths)
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
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--slowdown", type=float)
    parser.add_argument("scenarios", nargs="*", default=["create", "switch"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        run = slowdowns if arguments.slowdown else identical_pairs
        sys.exit(0 if run(arguments, directory) else 1)


main()
