# SPDX-License-Identifier: Apache-2.0
"""Pages in a browser: nothing is loaded, nothing goes wrong, and what the script adds works.

    html_browser_test.py TRIPTYCH GOLDEN_DIRECTORY COMPARE_PAGE
"""
import os
import pathlib
import subprocess
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


def check_flame_graphs(page):
    """One is shown; it zooms, searches and counts in other units, and its keys are its own."""
    graph = 'document.querySelector("figure.flame:not(.aside)")'
    shown = ('Array.from(%s.querySelectorAll(".f")).filter(f => f.style.display !== "none")'
             '.map(f => f.getAttribute("aria-label"))' % graph)
    names = 'Array.from(document.querySelectorAll("figure.flame"), f => f.dataset.name)'
    buttons = '[...document.querySelectorAll(".choice button")]'
    assert page.evaluate(buttons + ".map(b => b.textContent)") == page.evaluate(names)
    assert page.evaluate(graph + ".dataset.name") == "on-cpu"
    page.evaluate(buttons + '.find(b => b.textContent === "off-cpu").click()')
    assert page.evaluate(graph + ".dataset.name") == "off-cpu"
    page.evaluate("new Promise(done => setTimeout(done, 300))")  # it finds out how wide it is
    everything = page.evaluate(shown)
    assert len(everything) == 14, everything
    frame = ('Array.from(%s.querySelectorAll(".f")).find(f => f.getAttribute("aria-label") === "query")'
             % graph)
    ratio = "%s.querySelector('rect').getBoundingClientRect().width / %s.querySelector('svg.flames').clientWidth"
    assert abs(page.evaluate(ratio % (frame, graph)) - 50 / 87.002) < 0.01
    page.evaluate(frame + ".scrollIntoView({block: 'center', behavior: 'instant'})")
    x, y = page.evaluate(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({frame}.getBoundingClientRect())")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        page.mouse(kind, x, y)
    assert page.evaluate(shown) == ["all", "coroutine", "server (100)", "server (100)", "query",
                                    "blocked: clock_nanosleep"], page.evaluate(shown)
    assert page.evaluate(ratio % (frame, graph)) > 0.99
    figures = page.evaluate(graph + ".querySelector('.say-figures').textContent")
    assert "50.0 ms (50,000,000 ns blocked), 57.47 % of all" in figures, figures
    key = graph + ".querySelector('svg.flames').dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    page.evaluate(key % "Escape")
    assert page.evaluate(shown) == everything
    page.evaluate(f"(field => {{ field.value = 'blocked: (epoll|futex)'; field.dispatchEvent(new Event('input')); }})"
                  f"({graph}.querySelector('input'))")
    said = page.evaluate(graph + ".querySelector('.say-name').textContent")
    assert said == "2 frames match: 37.0 ms, 42.53 % of all", said
    assert page.evaluate(graph + ".querySelectorAll('.f.hit').length") == 2
    page.evaluate(f"[...{graph}.querySelectorAll('.tools button')].find(b => b.textContent === 'Reset').click()")
    assert page.evaluate(graph + ".querySelectorAll('.f.hit').length") == 0
    page.evaluate(key % "u")
    assert page.evaluate(f"[...{graph}.querySelectorAll('.tools button')].map(b => b.textContent)") == [
        "Reset", "Flame", "count"]
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'u', bubbles: true}))")
    assert page.evaluate(f"{graph}.querySelectorAll('.tools button')[2].textContent") == "count"


def check_looks(chromium, path):
    paper = 'getComputedStyle(document.body).backgroundColor'
    light, dark = (chromium.open(path, dark=each).evaluate(paper) for each in (False, True))
    assert light == "rgb(252, 251, 249)" and dark == "rgb(20, 23, 27)", (light, dark)
    phone = chromium.open(path, width=390, height=800)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    bare = chromium.open(path, script=False)
    check_quiet(bare)


def check_comparison(chromium, path):
    """It is quiet, as wide as the window, and the names of its axis stand apart, on a telephone too."""
    apart = ("Array.from(document.querySelectorAll('.axis'), axis => Array.from(axis.querySelectorAll('text'))"
             ".map(text => text.getBoundingClientRect()).filter(box => box.width > 0))"
             ".map(boxes => boxes.length > 1 && boxes.every((box, i) => i === 0 || boxes[i - 1].right < box.left))")
    for width in (390, 1280):
        page = chromium.open(path, width=width, height=800)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        drawn = page.evaluate(apart)
        assert drawn and all(drawn), (width, drawn)
        check_quiet(page)
    check_looks(chromium, path)


def main():
    if browser.PROGRAM is None:
        print("skipped: there is no chromium")
        sys.exit(1 if "TRIPTYCH_REQUIRE" in os.environ else 77)
    program, directory, compare_page = sys.argv[1:]
    with tempfile.TemporaryDirectory() as temporary, browser.Browser() as chromium:
        path = os.path.join(temporary, "page.html")
        trace = os.path.join(temporary, "trace.txt")
        pathlib.Path(path).write_bytes(
            html_pages.page(program, os.path.join(directory, "coroutines", "trace.txt")))
        page = chromium.open(path)
        check_zoom(page)
        check_sorting(page)
        check_links(page)
        check_flame_graphs(page)
        check_quiet(page)
        check_looks(chromium, path)
        pathlib.Path(path).write_bytes(subprocess.run([compare_page], stdout=subprocess.PIPE, check=True).stdout)
        check_comparison(chromium, path)
        html_pages.write_attack(directory, trace, html_pages.ATTACKS)
        pathlib.Path(path).write_bytes(html_pages.page(program, trace))
        attacked = chromium.open(path)
        assert attacked.evaluate("document.title").startswith("triptych report: ./x")
        check_quiet(attacked)
        pathlib.Path(path).write_bytes(
            html_pages.page(program, os.path.join(directory, "hostile-frames", "trace.txt")))
        attacked = chromium.open(path)
        assert attacked.evaluate("document.querySelectorAll('img').length") == 0
        assert "<img src=x onerror=alert(6)>" in attacked.evaluate("document.body.textContent")
        check_quiet(attacked)


main()
