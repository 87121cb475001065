#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does compare claim differences that are not there, and find one that is?

    aa_pairs.py --triptych PROGRAM [--pairs 40] [SCENARIO...]       identical pairs (default: create switch)
    aa_pairs.py --triptych PROGRAM --apart [...]                    the same, in two files
    aa_pairs.py --triptych PROGRAM --slowdown 5 [--pairs 10]        cpu against cpu with so much more work

An identical pair is one comparison with twice the repetitions, of which the odd ones are held against the even
ones: as the cells of a report do, they take turns. So do the two sides of a slowdown, three repetitions at a time
until each has sixty. With --apart either is two comparisons, one after the other, so that what changes in the
machine from one to the next counts too, and `triptych diff` allows for it. At most 10 % of the identical
pairs may be called different in any figure, and a slowdown of 5 % must be found in 90 % of the pairs. By hand,
on a machine that does nothing else: 40 pairs take about 6 minutes, apart 12; ten slowdowns 4.
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


def measure_untraced(arguments, path, *words):
    """What a user without root gets: the times alone, which is all that a slowdown is judged by."""
    with open(path, "wb") as file:
        subprocess.run([arguments.triptych, "compare", *words, "--format", "json"], check=True, stdout=file,
                       stderr=subprocess.DEVNULL, user="nobody", group="nogroup", extra_groups=[])


def difference(arguments, before, after):
    done = subprocess.run([arguments.triptych, "diff", "--format", "json", before, after],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


THRESHOLD = 0.02  # of a report; diff allows for the drift of the machine besides


def called(arguments, metric):
    """Of two files, what diff says. Of sides that took turns, what a report says: there is no drift between them."""
    if arguments.apart:
        return metric["verdict"]
    low, high = metric["interval"] or (0, float("inf"))
    if low > 1 + THRESHOLD:
        return "slower"
    return "faster" if high < 1 / (1 + THRESHOLD) else "not called different"


def claimed(arguments, result):
    return [metric for metric in result["metrics"] if metric["before_values"] > 1
            and called(arguments, metric) in ("slower", "faster")]


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
        claims = claimed(arguments, difference(arguments, *paths))
        different += bool(claims)
        said = "; ".join(f"{each['name']} {each['ratio']:.3f}" for each in claims[:3])
        print(f"pair {pair + 1}: {said or 'not called different'}", flush=True)
    limit = arguments.pairs // 10
    print(f"{different} of {arguments.pairs} identical pairs were called different; {limit} may be")
    return different <= limit


def append(path, part):
    """The repetitions of one comparison to those of another of the same cells."""
    with open(path, encoding="utf-8") as file:
        whole = json.load(file)
    with open(part, encoding="utf-8") as file:
        more = json.load(file)
    for cell, same in zip(whole["cells"], more["cells"], strict=True):
        for figure, values in zip(cell["figures"], same["figures"], strict=True):
            figure["values"] += values["values"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(whole, file)


def measure_slowdown(arguments, paths):
    sides = [(path, ["--thorough", "cpu", "--models", "thread", "--set", "units=1", *words])
             for path, words in zip(paths, ([], ["--set", f"extra={arguments.slowdown}%"]))]
    if arguments.apart:
        for path, words in sides:
            measure_untraced(arguments, path, *words)
        return
    part = paths[0] + ".part"
    for turn in range(20):
        for path, words in sides if turn % 2 == 0 else reversed(sides):
            measure_untraced(arguments, part if turn > 0 else path, *words, "--repetitions", "3")
            if turn > 0:
                append(path, part)


def slowdowns(arguments, directory):
    found = 0
    for pair in range(arguments.pairs):
        before, after = (os.path.join(directory, f"{pair}-{side}.json") for side in "ab")
        measure_slowdown(arguments, (before, after))
        result = difference(arguments, before, after)
        times = [metric for metric in result["metrics"]
                 if metric["name"].endswith("pinned: time_per_operation")
                 and "unpinned" not in metric["name"]]
        verdict = called(arguments, times[0])
        found += verdict == "slower"
        print(f"pair {pair + 1}: {verdict}, ratio {times[0]['ratio']:.3f}, "
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
