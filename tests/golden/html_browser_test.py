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


def luminance(colour):
    """Of "rgb(252, 251, 249)"; what lets all through is paper."""
    parts = [float(part) for part in colour.partition("(")[2].rstrip(")").split(",")]
    if len(parts) == 4 and parts[3] < 0.5:
        return 1
    return sum(weight * part / 255 for weight, part in zip((0.2126, 0.7152, 0.0722), parts))


def check_within(page, width):
    """Nothing is wider than the page, tables only where they can be moved; labels do not stand out of it."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        "Array.from(document.querySelectorAll('h1, h2, h3, p, pre, li, figure, svg, button, input, .axis text, .flames text'))"
        f".filter(e => e.closest('.scroll, .contents') === null && e.getBoundingClientRect().right > {width} + 0.5)"
        ".map(e => e.tagName + ': ' + e.textContent.slice(0, 40))")
    assert not beyond, (width, beyond)


def check_phone(chromium, path):
    phone = chromium.open(path, width=390, height=800)
    check_within(phone, 390)
    small = phone.evaluate("Array.from(document.querySelectorAll('p, li, td, th')).filter(e => e.offsetHeight > 0 && "
                           "parseFloat(getComputedStyle(e).fontSize) < 11).map(e => e.textContent.slice(0, 40))")
    assert not small, f"too small to read: {small}"
    check_quiet(phone)


def check_paper(chromium, path):
    """All is there, nothing is cut, and it is black on white, for who reads in the dark on a screen, too."""
    page = chromium.open(path, width=680, height=900, dark=True)
    page.print_media(dark=True)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    check_within(page, 680)
    cut = page.evaluate("Array.from(document.querySelectorAll('.scroll, .tree, .flame-room')).filter(e => "
                        "e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).map(e => e.textContent.slice(0, 40))")
    assert not cut, f"cut: {cut}"
    hidden = page.evaluate("Array.from(document.querySelectorAll('section, h1, h2, h3, table, figure, details > *, p, pre, .facts'))"
                           ".filter(e => e.textContent.trim() !== '' && e.closest('.contents, .tools') === null && "
                           "e.getBoundingClientRect().height === 0).map(e => e.tagName + ': ' + e.textContent.slice(0, 40))")
    assert not hidden, f"not on paper: {hidden}"
    backgrounds = page.evaluate("Array.from(document.querySelectorAll('html, body, body *:not(svg *)')).filter(e => "
                                "e.getBoundingClientRect().height > 0).map(e => getComputedStyle(e).backgroundColor)")
    dark = [each for each in backgrounds if luminance(each) < 0.5]
    assert len(backgrounds) > 100 and not dark, f"dark on paper: {set(dark)}"
    # What lies below all of them is the page's own white, not whatever the browser takes.
    assert backgrounds[0] == "rgb(255, 255, 255)", backgrounds[0]
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    texts = page.evaluate("Array.from(document.querySelectorAll('h1, h2, h3, p, td, th, li')).map(e => getComputedStyle(e).color)")
    pale = [each for each in texts if luminance(each) > 0.6]
    assert texts and not pale, f"pale on paper: {set(pale)}"
    frames = page.evaluate("Array.from(document.querySelectorAll('.flames .f'), f => ['rect', 'text'].map(e => f.querySelector(e))"
                           ".map(e => e === null ? '' : getComputedStyle(e).fill))")
    for rect, text in frames:
        assert luminance(rect) > 0.5 and (text == "" or luminance(text) < 0.3), (rect, text)
    assert page.evaluate("document.querySelectorAll('figure.flame').length") == page.evaluate(
        "Array.from(document.querySelectorAll('figure.flame svg')).filter(e => e.getBoundingClientRect().height > 20).length")
    check_quiet(page)
    return len(frames)


def check_wide_enough(chromium, path):
    """On a usual screen no table has to be moved to be read."""
    page = chromium.open(path, width=1200, height=900)
    moved = page.evaluate("Array.from(document.querySelectorAll('.scroll')).filter(e => e.scrollWidth > e.clientWidth)"
                          ".map(e => e.textContent.slice(0, 40))")
    assert not moved, moved


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
        check_phone(chromium, path)
        check_paper(chromium, path)
        for case, changed in (("fork-cow", ("1000300000", "1000260000")), ("profile-stacks", ()), ("coroutines", ())):
            # With another end, the last label of the time line stands close to its end.
            text = pathlib.Path(directory, case, "trace.txt").read_text(encoding="utf-8")
            pathlib.Path(trace).write_text(text.replace(*changed) if changed else text, encoding="utf-8")
            pathlib.Path(path).write_bytes(html_pages.page(program, trace))
            check_phone(chromium, path)
            assert check_paper(chromium, path) > 10
            check_wide_enough(chromium, path)
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
