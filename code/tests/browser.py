"""A real browser for tests of pages: Chromium, driven through the pipe that it offers for that."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in _NAMES if (found := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"),
    # it looks for nothing on the network
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
    "--remote-debugging-pipe",
)
_PATIENCE_S = 60


class Page:
    """A page that is open in the browser."""

    def __init__(self, send, events):
        self._send = send
        self._events = events

    @property
    def complaints(self):
        """What the browser said against the page: errors of its script, things that its policy forbids."""
        thrown = [e["params"]["exceptionDetails"] for e in self._events if e["method"] == "Runtime.exceptionThrown"]
        logged = [e["params"]["entry"]["text"] for e in self._events if e["method"] == "Log.entryAdded"]
        return [str(one) for one in (*thrown, *logged)]

    @property
    def asked_for(self):
        """Every address that the page wanted to load, itself aside."""
        urls = [e["params"]["request"]["url"] for e in self._events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("data:", "blob:"))]

    def open(self, path, width=1200, height=900):
        """Open a file, in a window of a size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._send("Emulation.setDeviceMetricsOverride", size)
        self._send("Page.navigate", {"url": Path(path).resolve().as_uri()})
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script):
        """The value of an expression in the page."""
        wanted = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self._send("Runtime.evaluate", wanted)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script):
        """Wait until an expression is true."""
        end = time.monotonic() + _PATIENCE_S
        while not self.evaluate(script):
            assert time.monotonic() < end, f"never came true: {script}"
            time.sleep(0.02)

    def press(self, key):
        """Press a key as a person does."""
        text = {"text": key} if len(key) == 1 else {}
        self._send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, **text})
        self._send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key})

    def click(self, selector):
        """Click in the middle of an element."""
        script = """(() => {
            const element = document.querySelector(SELECTOR);
            element.scrollIntoView({ block: "center" });
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        })()"""
        x, y = self.evaluate(script.replace("SELECTOR", json.dumps(selector)))
        for kind in ("mousePressed", "mouseReleased"):
            where = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._send("Input.dispatchMouseEvent", where)

    def put_file(self, selector, path):
        """Choose a file in a field for files."""
        root = self._send("DOM.getDocument")["root"]["nodeId"]
        node = self._send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        self._send("DOM.setFileInputFiles", {"nodeId": node, "files": [str(path)]})

    def screenshot(self, path):
        """A picture of the window."""
        Path(path).write_bytes(base64.b64decode(self._send("Page.captureScreenshot")["data"]))


@contextmanager
def browser(folder):
    """A page in a browser of its own, whose downloads and whose memory lie in a folder."""
    to_browser, from_browser = os.pipe(), os.pipe()

    # it listens at the file 3 and answers at the file 4
    command = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", CHROMIUM, *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        pass_fds=(to_browser[0], from_browser[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    pipe = _Pipe(to_browser[1], from_browser[0])
    try:
        downloads = {"behavior": "allow", "downloadPath": str(folder), "eventsEnabled": False}
        pipe.send("Browser.setDownloadBehavior", downloads)
        target = pipe.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = pipe.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

        def send(method, params=None):
            return pipe.send(method, params, session)

        for part in ("Page", "Runtime", "Log", "Network", "DOM"):
            send(f"{part}.enable")
        yield Page(send, pipe.events)
    finally:
        process.kill()
        process.wait()
        os.close(pipe.out)
        os.close(pipe.back)


class _Pipe:
    """Messages to and from the browser: JSON, each ended by a zero."""

    def __init__(self, out, back):
        self.out, self.back = out, back
        self.events = []
        self._number = 0
        self._rest = b""

    def send(self, method, params=None, session=None):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            answer = self._next(end)
            if answer is None:
                continue
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)
        raise TimeoutError(method)

    def _next(self, end):
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self.back], [], [], max(0, end - time.monotonic()))
            if not ready:
                return None
            block = os.read(self.back, 1 << 20)
            if not block:
                raise EOFError("the browser has ended")
            self._rest += block
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)
