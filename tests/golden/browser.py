# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that a test drives through its DevTools pipe: no driver, no further library."""
import json
import os
import shutil
import subprocess
import tempfile

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--remote-debugging-pipe")


class Browser:
    """One page. `said` are its console's messages and exceptions, `requests` whatever it asked for."""

    def __init__(self, width=1200, height=700):
        self.profile = tempfile.mkdtemp(prefix="triptych-chromium-")
        command_read, self.to_browser = os.pipe()
        self.from_browser, answer_write = os.pipe()
        command = ["chromium", *FLAGS, f"--user-data-dir={self.profile}",
                   f"--window-size={width},{height}", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{command_read} 4>&{answer_write}', "bash", *command],
            pass_fds=(command_read, answer_write), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(command_read)
        os.close(answer_write)
        self.rest, self.number, self.session = b"", 0, None
        self.said, self.requests, self.events = [], [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.to_browser)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.from_browser)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self):
        while b"\0" not in self.rest:
            data = os.read(self.from_browser, 1 << 16)
            if not data:
                raise EOFError("the browser is gone")
            self.rest += data
        raw, self.rest = self.rest.split(b"\0", 1)
        return json.loads(raw)

    def note(self, message):
        name, about = message.get("method"), message.get("params", {})
        self.events.append(name)
        if name == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif name == "Runtime.exceptionThrown":
            self.said.append(about["exceptionDetails"])
        elif name == "Runtime.consoleAPICalled":
            self.said.append(about["args"])
        elif name == "Log.entryAdded":
            self.said.append(about["entry"])
        elif name == "Page.javascriptDialogOpening":
            self.said.append(about)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") != self.number:
                self.note(answer)
                continue
            assert "error" not in answer, answer
            return answer["result"]

    def open(self, path):
        self.requests, self.said, self.events = [], [], []
        self.call("Page.navigate", url=f"file://{path}")
        while "Page.loadEventFired" not in self.events:
            self.note(self.receive())

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def key(self, name, text=None, modifiers=0):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, modifiers=modifiers,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def mouse(self, kind, x, y):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def click(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.mouse(kind, x, y)

    def media(self, scheme):
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
