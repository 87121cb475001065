#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs that profiles are exported for, on a trace: what they show against the folded form.

    profile_consumers.py TRIPTYCH TRACE [SPEEDSCOPE_DIRECTORY]

`go tool pprof` (Debian: golang-go) has to print the same totals and the same frames on top, as in the tests.
SPEEDSCOPE_DIRECTORY is where `npm install speedscope` was called, which is why that is no test: no Debian
package has it. A headless Chromium opens each profile there, and has to show the first one of it, and in its
table the frame with the largest total, with that total and its share of all.
"""
import collections
import functools
import http.server
import os
import pathlib
import re
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
import pprof_top  # noqa: E402
import profiles  # noqa: E402
from browser import Browser  # noqa: E402


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


TIMES = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9}


def totals(paths):
    """Of each frame that stands for one of speedscope's: what is in paths with it."""
    total = collections.Counter()
    for path, value in paths.items():
        for frame in set(path):
            total[frame] += value
    return total


def is_same(shown, exact):
    """1.23ms, 1:25 (minutes), 39,037"""
    minutes = re.fullmatch(r"([0-9]+):([0-9]{2})", shown)
    if minutes:
        return abs((60 * int(minutes[1]) + int(minutes[2])) * 1e9 - exact) <= 1e9
    number, unit = re.fullmatch(r"([0-9.,]+)([a-zµ]*)", shown).groups()
    size = TIMES[unit] if unit else 1
    return abs(float(number.replace(",", "")) * size - exact) <= (0.006 * size if "." in number else 0.5)


def is_share(shown, share):
    if shown in (">99%", "<0.01%"):
        return share > 0.99 if shown == ">99%" else share < 0.0001
    return abs(float(shown.rstrip("%")) / 100 - share) <= 0.006


def check_table(browser, paths):
    """The first row of the table, sorted by total."""
    row = r"Symbol Name\n([0-9.,:]+[a-zµ]*) \(([<>0-9.]+%)\)\s+\S+ \([<>0-9.]+%\)\s+(.+)"
    total = totals(paths)
    largest = max(total.values())
    shown, found = "", None
    for _ in range(40):
        if "Symbol Name" not in shown:
            browser.evaluate("window.dispatchEvent(new KeyboardEvent('keypress', {key: '3'}))")
        else:
            browser.click(105, 30)  # on "Total": the other way round each time
        time.sleep(0.25)
        shown = browser.evaluate("document.body.innerText")
        found = re.search(row, shown)
        if found and is_same(found[1], largest):
            break
    assert found and is_same(found[1], largest) and is_same(found[1], total[profiles.as_folded(found[3])]), shown
    assert is_share(found[2], largest / sum(paths.values())), shown
    return f"{found[1]} ({found[2]}) {found[3]}"


def check_speedscope(directory, name, paths):
    """It says the name of the profile that it shows; an import that fails says so. Returns it and the row."""
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
        found = re.search(r"all: .*", shown)
        assert found, shown
        row = check_table(browser, paths)
    server.shutdown()
    return f"{found.group()}: {row}"


def main():
    program, trace, *speedscope = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=speedscope[0] if speedscope else None) as directory:
        for kind in profiles.KINDS:
            raw = profiles.exported(program, trace, "pprof", kind)
            if raw is None:
                continue
            file = os.path.join(directory, "profile")
            pathlib.Path(file).write_bytes(raw)
            first = {}  # of the first unit that has any
            for unit in profiles.units_of(kind):
                paths = profiles.folded(program, trace, kind, unit)
                first = first or paths
                if paths:
                    print(kind, unit, "pprof:", *pprof_top.check(file, unit, paths))
            if speedscope and first:
                raw = profiles.exported(program, trace, "speedscope", kind)
                pathlib.Path(file).write_bytes(raw)
                name = os.path.relpath(file, speedscope[0])
                print(kind, "speedscope:", check_speedscope(speedscope[0], name, first))


main()
