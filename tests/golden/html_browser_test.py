# SPDX-License-Identifier: Apache-2.0
"""Pages in a browser: nothing is loaded, nothing goes wrong, and what the script adds works.

    html_browser_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import browser  # noqa: E402
import html_pages  # noqa: E402

DRAWING = 'document.querySelector("svg.drawing[data-scale]")'
BOX = DRAWING + '.getAttribute("viewBox").split(" ").map(Number)'
PLACE = (f"(() => {{ const box = {DRAWING}.getBoundingClientRect();"
         " return [box.left, box.right, box.top + box.height / 2]; })()")


def check_quiet(page):
    assert not page.problems, page.problems
    assert not page.requests, page.requests


def check_zoom(page):
    page.evaluate('document.querySelector("figure.time-line").scrollIntoView()')
    page.evaluate("new Promise(done => setTimeout(done, 1500))")  # it scrolls smoothly
    whole = page.evaluate(BOX)
    left, right, middle = page.evaluate(PLACE)
    page.drag(left + (right - left) * 0.25, left + (right - left) * 0.5, middle)
    part = page.evaluate(BOX)
    assert abs(part[2] / whole[2] - 0.25) < 0.01, f"{whole} became {part}"
    assert abs((part[0] - whole[0]) / whole[2] - 0.25) < 0.01, f"{whole} became {part}"
    told = page.evaluate('document.querySelector(".tools output").textContent')
    assert told.startswith("+20.") and " ms \u2013 +40." in told, told
    key = 'document.querySelector(".lanes").dispatchEvent(new KeyboardEvent("keydown", {key: "%s"}))'
    page.evaluate(key % "ArrowRight")
    assert page.evaluate(BOX)[0] > part[0]
    page.evaluate(key % "0")
    assert page.evaluate(BOX) == whole
    told = page.evaluate('document.querySelector(".told").textContent')
    assert "on CPU" in told and told.startswith("all tasks, +"), told


def check_sorting(page):
    rows = '[...document.querySelectorAll("#tasks tbody")].map(body => body.id)'
    press = ('[...document.querySelectorAll("#tasks thead button")]'
             '.find(button => button.textContent === "blocked").click()')
    page.evaluate(press)
    assert page.evaluate(rows) == ["task-2", "task-3"], page.evaluate(rows)
    page.evaluate(press)
    assert page.evaluate(rows) == ["task-3", "task-2"], page.evaluate(rows)


def check_links(page):
    page.evaluate('document.querySelector("#tree a").click()')
    target = 'document.querySelector(":target").id'
    assert page.evaluate(target).startswith("task-"), page.evaluate(target)


def check_looks(chromium, path):
    paper = 'getComputedStyle(document.body).backgroundColor'
    light, dark = (chromium.open(path, dark=each).evaluate(paper) for each in (False, True))
    assert light == "rgb(252, 251, 249)" and dark == "rgb(20, 23, 27)", (light, dark)
    phone = chromium.open(path, width=390, height=800)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    bare = chromium.open(path, script=False)
    check_quiet(bare)


def main():
    if browser.PROGRAM is None:
        print("skipped: there is no chromium")
        sys.exit(1 if "TRIPTYCH_REQUIRE" in os.environ else 77)
    program, directory = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary, browser.Browser() as chromium:
        path = os.path.join(temporary, "page.html")
        trace = os.path.join(temporary, "trace.txt")
        pathlib.Path(path).write_bytes(
            html_pages.page(program, os.path.join(directory, "coroutines", "trace.txt")))
        page = chromium.open(path)
        check_zoom(page)
        check_sorting(page)
        check_links(page)
        check_quiet(page)
        check_looks(chromium, path)
        html_pages.write_attack(directory, trace, html_pages.ATTACKS)
        pathlib.Path(path).write_bytes(html_pages.page(program, trace))
        attacked = chromium.open(path)
        assert attacked.evaluate("document.title").startswith("triptych report: ./x")
        check_quiet(attacked)


main()
