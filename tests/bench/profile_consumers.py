#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs that profiles are exported for, on a trace: what they show against the folded form.

    profile_consumers.py TRIPTYCH TRACE [SPEEDSCOPE_DIRECTORY]

`go tool pprof` (Debian: golang-go, 81 MB, more than a minute to install: why it is no test) has to print
the same totals and the same frames on top. SPEEDSCOPE_DIRECTORY is where `npm install speedscope` was
called: a headless Chromium opens each profile there, and has to show the first one of it.
"""
import collections
import functools
import http.server
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
import profiles  # noqa: E402
from browser import Browser  # noqa: E402

TYPES = {"ns": "time", "count": "count", "pages": "pages", "samples": "samples"}
NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "mins": 60e9, "hrs": 3600e9}


def same(text, exact):
    """A consumer shows three digits or two decimals, in a unit of its choice."""
    number, unit = re.fullmatch(r"([0-9.]+)([a-z]*)", text).groups()
    size = NS.get(unit, 1)
    decimals = 0.006 * size if "." in number else 0
    return abs(float(number) * size - exact) <= max(0.006 * exact + 0.5, decimals)


def check_pprof(file, unit, paths):
    printed = subprocess.run(["go", "tool", "pprof", "-top", "-nodecount=10", "-nodefraction=0",
                              f"-sample_index={TYPES[unit]}", file], text=True, check=True,
                             capture_output=True).stdout
    itself = collections.Counter()
    for path, value in paths.items():
        itself[path[-1]] += value
    total = re.search(r"% of ([0-9.]+[a-z]*) total", printed)
    assert total and same(total.group(1), sum(paths.values())), printed
    rows = re.findall(r"^ *([0-9.]+[a-z]*) +[0-9.]+% +[0-9.]+% +\S+ +[0-9.]+%  (.*)$", printed, re.M)
    assert rows, printed
    for (shown, name), (_, exact) in zip(rows, itself.most_common()):
        assert same(shown, exact), printed
        assert same(shown, itself[profiles.as_folded(name)]), name
    return rows[0]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def check_speedscope(directory, name):
    """It says the name of the profile that it shows, and no more: an import that fails says so."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=directory))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"http://127.0.0.1:{server.server_port}"
    shown = ""
    with Browser() as browser:
        browser.call("Page.navigate", url=f"{place}/node_modules/speedscope/dist/release/index.html"
                     f"#profileURL={place}/{name}")
        for _ in range(60):
            time.sleep(0.25)
            shown = browser.evaluate("document.body ? document.body.innerText : ''")
            if "all: " in shown:
                break
    server.shutdown()
    found = re.search(r"all: .*", shown)
    assert found, shown
    return found.group()


def main():
    program, trace, *speedscope = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=speedscope[0] if speedscope else None) as directory:
        for kind in profiles.KINDS:
            raw = profiles.exported(program, trace, "pprof", kind)
            if raw is None:
                continue
            file = os.path.join(directory, "profile")
            pathlib.Path(file).write_bytes(raw)
            any_value = False
            for unit in profiles.units_of(kind):
                paths = profiles.folded(program, trace, kind, unit)
                any_value = any_value or bool(paths)
                if paths:
                    print(kind, unit, "pprof:", *check_pprof(file, unit, paths))
            if speedscope and any_value:
                raw = profiles.exported(program, trace, "speedscope", kind)
                pathlib.Path(file).write_bytes(raw)
                name = os.path.relpath(file, speedscope[0])
                print(kind, "speedscope:", check_speedscope(speedscope[0], name))


main()
