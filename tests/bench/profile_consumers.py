#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs that profiles are exported for, on a trace: what they show against the folded form.

    profile_consumers.py TRIPTYCH TRACE [SPEEDSCOPE_DIRECTORY]

`go tool pprof` (Debian: golang-go) has to print the same totals and the same frames on top, as in the tests.
SPEEDSCOPE_DIRECTORY is where `npm install speedscope` was called, which is why that is no test: no Debian
package has it. A headless Chromium opens each profile there, and has to show the first one of it.
"""
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
                    print(kind, unit, "pprof:", *pprof_top.check(file, unit, paths))
            if speedscope and any_value:
                raw = profiles.exported(program, trace, "speedscope", kind)
                pathlib.Path(file).write_bytes(raw)
                name = os.path.relpath(file, speedscope[0])
                print(kind, "speedscope:", check_speedscope(speedscope[0], name))


main()
