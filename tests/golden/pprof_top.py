# SPDX-License-Identifier: Apache-2.0
"""What `go tool pprof -top` (Debian: golang-go) prints of a profile, against what is in it."""
import collections
import re
import subprocess

import profiles

PROGRAM = "go"
TYPES = {"ns": "time", "count": "count", "pages": "pages", "samples": "samples"}
NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "mins": 60e9, "hrs": 3600e9}


def same(text, exact):
    """It shows three digits or two decimals, in a unit of its choice."""
    number, unit = re.fullmatch(r"([0-9.]+)([a-z]*)", text).groups()
    size = NS[unit] if unit else 1
    decimals = 0.006 * size if "." in number else 0
    return abs(float(number) * size - exact) <= max(0.006 * exact + 0.5, decimals)


def check(file, unit, paths):
    """The same total, and the same frames on top, as in {(frame, ...): value}. Returns the first row."""
    printed = subprocess.run([PROGRAM, "tool", "pprof", "-top", "-nodecount=10", "-nodefraction=0",
                              f"-sample_index={TYPES[unit]}", file], text=True, check=True,
                             capture_output=True).stdout
    itself, value_of = collections.Counter(), sum(paths.values())
    for path, value in paths.items():
        itself[path[-1]] += value
    total = re.search(r"% of ([0-9.]+[a-z]*) total", printed)
    assert total and same(total.group(1), value_of), printed
    percent = r"[0-9.]+(?:e[-+][0-9]+)?%"
    rows = re.findall(rf"^ *([0-9.]+[a-z]*) +{percent} +{percent} +\S+ +{percent}  (.*)$", printed, re.M)
    assert len(rows) == min(10, len({frame for path in paths for frame in path})), printed
    for (shown, name), (_, exact) in zip(rows, itself.most_common()):
        assert same(shown, exact), printed
        assert profiles.as_folded(name) in itself and same(shown, itself[profiles.as_folded(name)]), name
    return rows[0]
