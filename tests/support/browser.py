# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that shows one file from disk, driven through a pair of pipes.

    with browser.Browser() as chromium:
        page = chromium.open("report.html", width=390, height=800, dark=True)
        page.evaluate("document.title")
        page.problems    # errors of the console, exceptions, refused loads
        page.requests    # what it tried to load besides itself

What a page does wrong while it loads or later is kept, so that a test can ask at its end.
"""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60  # seconds, before a browser that says nothing is given up
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe")


class Browser:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="triptych-browser-")
        # It reads what it is told from its descriptor 3, and answers on its descriptor 4.
        told, self.commands = os.pipe()
        self.answers, said = os.pipe()
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$@" 3<&{told} 4>&{said}', "sh", PROGRAM, *FLAGS,
             f"--user-data-dir={self.directory}", "about:blank"],
            pass_fds=(told, said), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(told)
        os.close(said)
        self.unread = b""
        self.number = 0
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.commands)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.answers)
        shutil.rmtree(self.directory, ignore_errors=True)

    def call(self, method, session=None, **parameters):
        """What the browser answers to one command."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") != self.number:
                continue
            if "error" in answer:
                raise AssertionError(f"{method}: {answer['error']}")
            return answer["result"]

    def read(self):
        """The next message; events are also told to their page."""
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.unread:
            if not select.select([self.answers], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("the browser does not answer")
            part = os.read(self.answers, 1 << 16)
            if not part:
                raise AssertionError("the browser ended")
            self.unread += part
        text, self.unread = self.unread.split(b"\0", 1)
        message = json.loads(text)
        if message.get("sessionId") in self.pages:
            self.pages[message["sessionId"]].hear(message)
        return message

    def open(self, path, width=1280, height=900, dark=False, script=True):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, "file://" + os.path.abspath(path))
        self.pages[session] = page
        page.load(width, height, dark, script)
        return page


class Page:
    def __init__(self, browser, session, address):
        self.browser = browser
        self.session = session
        self.address = address
        self.problems = []
        self.requests = []
        self.loaded = False

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def load(self, width, height, dark, script):
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=self.address)
        while not self.loaded:
            self.browser.read()

    def hear(self, message):
        name, about = message.get("method"), message.get("params", {})
        if name == "Page.loadEventFired":
            self.loaded = True
        elif name == "Runtime.exceptionThrown":
            self.problems.append(about["exceptionDetails"])
        elif name == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.problems.append(about["args"])
        elif name == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.problems.append(about["entry"])
        elif name == "Network.requestWillBeSent":
            address = about["request"]["url"]
            if address.split("#")[0] != self.address and not address.startswith("data:"):
                self.requests.append(address)

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def print_media(self, dark=False):
        """As on paper; who reads in the dark has no dark paper."""
        self.call("Emulation.setEmulatedMedia", media="print", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def mouse(self, kind, x, y, button="left"):
        """mousePressed, mouseMoved, mouseReleased."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=1,
                  buttons=0 if kind == "mouseReleased" else 1)

    def drag(self, from_x, to_x, y):
        self.mouse("mousePressed", from_x, y)
        self.mouse("mouseMoved", (from_x + to_x) / 2, y)
        self.mouse("mouseMoved", to_x, y)
        self.mouse("mouseReleased", to_x, y)

    def screenshot(self, path, top=0, height=None):
        """The page from `top` on, beyond the window too."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": top, "width": size["width"],
                "height": min(height or size["height"], size["height"] - top), "scale": 1}
        answer = self.call("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))

    def pdf(self, path):
        answer = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))
