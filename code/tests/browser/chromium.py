"""Headless Chromium, told what to do by its own protocol (DevTools) over a websocket of tornado's."""

import asyncio
import base64
import io
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from tornado.websocket import websocket_connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0"),
)
TIMEOUT_S = 60


def find():
    """The program; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """A browser with one page. Everything that the page says, loads and asks is kept."""

    def __init__(self, program):
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        command = [program, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        address = next(m[1] for line in self._process.stderr if (m := re.search(r"listening on (ws://\S+)", line)))
        self._loop = asyncio.new_event_loop()
        self._socket = self._run(lambda: websocket_connect(address, max_message_size=1 << 28))
        self._numbers = itertools.count(1)
        self._page = None
        self.events = []
        self.downloads = Path(self._profile.name) / "downloads"
        self.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._page = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.ask(f"{domain}.enable")

    def close(self):
        self._socket.close()
        self._process.terminate()
        self._process.wait(10)
        self._process.stderr.close()
        self._loop.close()
        self._profile.cleanup()

    def _run(self, begin):
        async def bounded():
            return await asyncio.wait_for(begin(), TIMEOUT_S)

        return self._loop.run_until_complete(bounded())

    def _hear(self):
        message = json.loads(self._run(self._socket.read_message))
        if "method" in message:
            self.events.append((message["method"], message.get("params", {})))
        return message

    def ask(self, method, **params):
        """What the browser answers to a request."""
        number = next(self._numbers)
        request = {"id": number, "method": method, "params": params}
        if self._page is not None:
            request["sessionId"] = self._page
        self._run(lambda: self._socket.write_message(json.dumps(request)))
        while (answer := self._hear()).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, path, width=1200, height=900, *, dark=False):
        """Open a file and wait until all of it is there."""
        self.events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.ask("Page.navigate", url=Path(path).resolve().as_uri())
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            self._hear()
        # pictures are decoded when they come into view
        self.run("Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode(); }))")

    def run(self, expression):
        """The value of an expression of JavaScript; a promise is waited for."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression):
        """Wait until an expression is true."""
        ends = time.monotonic() + TIMEOUT_S
        while not self.run(expression):
            assert time.monotonic() < ends, f"never came true: {expression}"
            time.sleep(0.02)

    def press(self, key):
        """Press a key as a person does."""
        text = {"text": key} if len(key) == 1 else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def click(self, selector):
        """Click in the middle of an element."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{element}.scrollIntoView({{block: 'center'}})")
        x, y = self.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({element}.getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def put_file(self, selector, path):
        """Choose a file in a field for files."""
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        node = self.ask("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.ask("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def picture(self, selector, index=0):
        """What is to be seen of an element: uint8, shape (height, width, 3)."""
        self.run(f"document.querySelectorAll({json.dumps(selector)})[{index}].scrollIntoView({{block: 'center'}})")
        box = self.run(
            f"(r => [r.x + scrollX, r.y + scrollY, r.width, r.height])"
            f"(document.querySelectorAll({json.dumps(selector)})[{index}].getBoundingClientRect())"
        )
        clip = {**dict(zip(("x", "y", "width", "height"), box, strict=True)), "scale": 1}
        shot = self.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB"))

    @property
    def complaints(self):
        """Everything that the page or the browser has to say about it."""
        kinds = {
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
            "Page.javascriptDialogOpening",
        }
        return [(method, params) for method, params in self.events if method in kinds]

    @property
    def requests(self):
        """What was asked for, but for what is inside the page."""
        asked = [params["request"]["url"] for method, params in self.events if method == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith("data:")]
