# SPDX-License-Identifier: Apache-2.0
"""Flame graphs in a browser: zoom, search, keyboard, units, dark mode; no error, no request, no alert.

    browser_test.py TRIPTYCH GOLDEN_DIRECTORY
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from browser import Browser

PROGRAM, GOLDEN = sys.argv[1:3]


class FlameGraph(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        shutil.rmtree(cls.directory)

    def show(self, case, *options):
        path = os.path.join(self.directory, "graph.svg")
        subprocess.run([PROGRAM, "export", "--format", "svg", *options, "-o", path,
                        os.path.join(GOLDEN, case, "trace.txt")], check=True,
                       stderr=subprocess.DEVNULL)
        self.browser.media("light")
        self.browser.open(path)
        self.assertEqual(self.ask("document.documentElement.dataset.ready"), "1")

    def tearDown(self):
        self.assertEqual(self.browser.said, [])
        self.assertEqual([url for url in self.browser.requests if not url.endswith("/graph.svg")], [])
        self.assertEqual(len(self.browser.requests), 1)

    def ask(self, expression):
        return self.browser.evaluate(expression)

    def frame(self, name):
        """Where the only shown frame of this name is."""
        found = self.ask(
            "Array.from(document.querySelectorAll('.f')).filter(f => f.style.display !== 'none' && "
            f"f.getAttribute('aria-label') === {name!r}).map(f => f.querySelector('rect'))"
            ".map(r => ['x', 'y', 'width', 'height'].map(a => Number(r.getAttribute(a))))")
        self.assertEqual(len(found), 1, name)
        return found[0]

    def click(self, name):
        x, y, width, height = self.frame(name)
        self.browser.click(x + width / 2, y + height / 2 - self.ask("window.scrollY"))

    def shown(self):
        return self.ask("Array.from(document.querySelectorAll('.f')).filter("
                        "f => f.style.display !== 'none').map(f => f.getAttribute('aria-label'))")

    def said(self):
        return [self.ask(f"document.querySelector('.say-{what}').textContent")
                for what in ("name", "figures")]

    def search(self, text):
        self.browser.key("/")
        for letter in text:
            self.browser.key(letter, letter)

    def test_zoom_and_reset(self):
        self.show("coroutines", "--profile", "off-cpu")
        everything = self.shown()
        self.assertEqual(len(everything), 14)
        self.click("query")
        self.assertEqual(self.shown(), ["all", "coroutine", "server (100)", "server (100)", "query",
                                        "blocked: clock_nanosleep"])
        self.assertGreater(self.frame("query")[2], 1160)
        self.click("coroutine")
        self.assertGreater(self.frame("coroutine")[2], 1160)
        self.browser.key("Escape")
        self.assertEqual(self.shown(), everything)
        # The same by the button.
        self.click("thread")
        self.assertNotIn("query", self.shown())
        x, y = self.ask("(b => [b.x + b.width / 2, b.y + b.height / 2])("
                        "document.querySelector('.button').getBoundingClientRect())")
        self.browser.click(x, y)
        self.assertEqual(self.shown(), everything)

    def test_hover_says_figures(self):
        self.show("coroutines", "--profile", "off-cpu")
        x, y, width, height = self.frame("query")
        self.browser.mouse("mouseMoved", x + width / 2, y + height / 2)
        name, figures = self.said()
        self.assertEqual(name, "query")
        self.assertIn("50.0 ms (50,000,000 ns blocked), 57.47 % of all; itself 0 ns", figures)
        self.assertIn("source: switch and wakeup records", figures)

    def test_hover_leaves_out_what_there_is_nothing_of(self):
        self.show("stacks", "--profile", "on-cpu")
        x, y, width, height = self.frame("server+0x1180")
        self.browser.mouse("mouseMoved", x + width / 2, y + height / 2)
        figures = self.said()[1]
        self.assertIn("; 2 samples", figures)
        self.assertNotIn("0 intervals", figures)  # a run on a CPU is not one function's
        x, y, width, height = self.frame("all")
        self.browser.mouse("mouseMoved", x + width / 2, y + height / 2)
        self.assertIn("; 3 intervals; 3 samples", self.said()[1])

    def test_search_says_its_share(self):
        self.show("coroutines", "--profile", "off-cpu")
        self.search("blocked: (epoll|futex)")
        # 29.6 ms and 7.4 ms of 87.002 ms.
        self.assertEqual(self.said()[0], "2 frames match: 37.0 ms, 42.53 % of all")
        self.assertEqual(self.ask("document.querySelectorAll('.f.hit').length"), 2)
        self.assertTrue(self.ask("document.documentElement.classList.contains('searching')"))
        self.browser.key("Escape")
        self.assertFalse(self.ask("document.documentElement.classList.contains('searching')"))
        # Whatever stands below a match counts with it, once.
        self.search("server|epoll")
        self.assertEqual(self.said()[0], "7 frames match: 87.0 ms, 100.00 % of all")
        self.browser.key("Escape")
        self.search("(")  # no regular expression: as text
        self.assertEqual(self.said()[0], "6 frames match: 87.0 ms, 100.00 % of all")
        self.browser.key("Escape")
        self.click("thread")
        self.search("futex")
        self.assertEqual(self.said()[0], "1 frame match: 7.40 ms, 99.97 % of what is shown")

    def test_keyboard(self):
        self.show("coroutines", "--profile", "off-cpu")
        for key in ("ArrowUp", "ArrowUp", "ArrowRight"):
            self.browser.key(key)
        self.assertEqual(self.said()[0], "process")
        self.browser.key("ArrowUp")
        self.browser.key("ArrowDown")
        self.browser.key("Enter")
        self.assertEqual(self.shown(), ["all", "process", "server (100)", "server (100)",
                                        "blocked: epoll_wait"])
        self.browser.key("Backspace")
        self.assertEqual(len(self.shown()), 14)

    def test_units(self):
        self.show("fork-cow", "--profile", "fault")
        before = self.frame("file")[2]
        self.browser.key("u")
        self.browser.key("u")
        self.assertEqual(self.ask("Array.from(document.querySelectorAll('.button text'), "
                                  "t => t.textContent).includes('ns')"), True)
        # 2 of 12 faults took 52.4 of 65.22 us.
        self.assertGreater(self.frame("file")[2], 4 * before)

    def test_turning(self):
        self.show("coroutines", "--profile", "off-cpu")
        self.assertGreater(self.frame("all")[1], self.frame("query")[1])
        self.browser.key("i")
        self.assertLess(self.frame("all")[1], self.frame("query")[1])
        self.show("coroutines", "--profile", "off-cpu", "--icicle")
        self.assertLess(self.frame("all")[1], self.frame("query")[1])

    def test_differences(self):
        """A shorter recording of the same: all is less than in the whole one, or new."""
        whole = os.path.join(GOLDEN, "fork-cow", "trace.txt")
        self.show("narrowed", "--profile", "fault", "--base", whole)
        colours = self.ask("Array.from(document.querySelectorAll('.f'), "
                           "f => [f.classList[1], f.dataset.b, f.dataset.v])")
        for colour, before, now in colours:
            change = int(now.split()[0]) - int(before.split()[0])
            self.assertEqual(colour[0] == "l", change < 0 and colour != "m0")
        x, y, width, height = self.frame("all")
        self.browser.mouse("mouseMoved", x + width / 2, y + height / 2)
        self.assertIn("; before: 12 faults, 100.00 %", self.said()[1])
        # By another unit it is another change, and another colour.
        self.browser.key("u")
        self.browser.key("u")
        self.browser.key("u")
        self.assertEqual(self.ask("Array.from(document.querySelectorAll('.f'), "
                                  "f => [f.classList.value.split(' ').find(c => /[lm]\\d/.test(c)), "
                                  "f.dataset.b, f.dataset.v])"), colours)

    def luminance(self, what, selector):
        colour = self.ask(f"getComputedStyle(document.querySelector({selector!r})).{what}")
        red, green, blue = (int(part) / 255 for part in colour[4:-1].split(","))

        def linear(part):
            return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)

    def test_dark_and_light(self):
        earlier = os.path.join(GOLDEN, "fork-cow", "trace.txt")
        for case, *options in (("coroutines", "--profile", "wakeup"),
                               ("fork-cow", "--profile", "cow"),
                               ("clones", "--profile", "fault", "--base", earlier)):
            self.show(case, *options)
            for scheme, darkest in (("light", 0.85), ("dark", 0)):
                self.browser.media(scheme)
                paper = self.luminance("fill", ".paper")
                self.assertEqual(paper > 0.5, scheme == "light")
                self.assertGreaterEqual(paper, darkest)
                classes = self.ask("Array.from(new Set(Array.from(document.querySelectorAll('.f'), "
                                   "f => f.classList[1])))")
                self.assertGreater(len(classes), 1)
                for each in classes:
                    text = self.luminance("fill", f".f.{each} text")
                    fill = self.luminance("fill", f".f.{each} rect")
                    contrast = (max(text, fill) + 0.05) / (min(text, fill) + 0.05)
                    self.assertGreater(contrast, 4.5, f"{each} {scheme}")

    def test_paper_is_white(self):
        """Frames too, for who reads in the dark on a screen; all of it is there, but for what is pressed."""
        earlier = os.path.join(GOLDEN, "fork-cow", "trace.txt")
        self.addCleanup(self.browser.call, "Emulation.clearDeviceMetricsOverride")
        self.addCleanup(self.browser.media, "light")
        for case, *options in (("coroutines", "--profile", "wakeup"), ("profile-stacks", "--profile", "cow"),
                               ("clones", "--profile", "fault", "--base", earlier)):
            self.show(case, *options)
            self.browser.call("Emulation.setDeviceMetricsOverride", width=680, height=900, deviceScaleFactor=1, mobile=False)
            self.browser.call("Emulation.setEmulatedMedia", media="print",
                              features=[{"name": "prefers-color-scheme", "value": "dark"}])
            self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            self.assertEqual(self.luminance("fill", ".paper"), 1)
            self.assertEqual(self.ask("getComputedStyle(document.documentElement).backgroundColor"), "rgb(255, 255, 255)")
            for each in self.ask("Array.from(new Set(Array.from(document.querySelectorAll('.f'), f => f.classList[1])))"):
                self.assertGreater(self.luminance("fill", f".f.{each} rect"), 0.25, each)
                self.assertEqual(self.luminance("fill", f".f.{each} text"), 0, each)
            heads = self.ask("Array.from(document.querySelectorAll('.head text')).filter(t => t.closest('.controls') === null)"
                             ".map(t => [t.getBoundingClientRect().right, t.getBoundingClientRect().height])")
            self.assertTrue(heads)
            for right, height in heads:
                self.assertLessEqual(right, 680)
                self.assertGreater(height, 0)
            self.assertEqual(self.ask("Array.from(document.querySelectorAll('.controls')).filter(c => "
                                      "getComputedStyle(c).display !== 'none').length"), 0)
            self.assertEqual(self.ask("Array.from(document.querySelectorAll('.f')).filter(f => f.style.display !== 'none' && ("
                                      "f.getBoundingClientRect().right > 680.5 || f.getBoundingClientRect().height === 0)).length"), 0)
            self.browser.call("Emulation.setEmulatedMedia", media="", features=[])

    def test_fits_any_width(self):
        self.show("coroutines", "--profile", "off-cpu")
        self.addCleanup(self.browser.call, "Emulation.clearDeviceMetricsOverride")
        for width in (380, 900, 2000):
            self.browser.call("Emulation.setDeviceMetricsOverride", width=width, height=700,
                              deviceScaleFactor=1, mobile=False)
            self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            right, box = self.ask(
                "(r => [r.right, document.documentElement.getBoundingClientRect().width])("
                "document.querySelector('.f rect').getBoundingClientRect())")
            self.assertEqual(box, width)
            self.assertAlmostEqual(right, width - 16.6, delta=0.7)
            over = self.ask("Array.from(document.querySelectorAll('.head text, .f text')).filter("
                            f"t => t.getBoundingClientRect().right > {width}).length")
            self.assertEqual(over, 0)

    def test_hostile_names_are_text(self):
        for kind in ("on-cpu", "coroutine", "suspended", "wakeup"):
            self.show("hostile-frames", "--profile", kind)
            self.assertEqual(self.ask("document.querySelectorAll('script').length"), 1)
            self.assertEqual(self.ask("document.querySelectorAll('img').length"), 0)
            self.search("<img")
            self.browser.key("Escape")
        self.assertIn("<img src=x onerror=alert(1)>;]]></script>\\x1b[2J 12",
                      "\n".join(self.ask("Array.from(document.querySelectorAll('.f'), "
                                         "f => f.getAttribute('aria-label'))")))

    def test_is_readable_without_its_script(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            path = os.path.join(self.directory, "graph.svg")
            subprocess.run([PROGRAM, "export", "--format", "svg", "--profile", "off-cpu", "-o", path,
                            os.path.join(GOLDEN, "fork-cow", "trace.txt")], check=True)
            self.browser.open(path)
            labels = self.ask("Array.from(document.querySelectorAll('.f text'), t => t.textContent)")
            self.assertIn("blocked: wait4", labels)
            self.assertIn("wait4\n48.0 us (92.31 %)",
                          self.ask("document.querySelector('.frames').textContent"))
        finally:
            self.browser.call("Emulation.setScriptExecutionDisabled", value=False)


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        print("chromium is missing")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
