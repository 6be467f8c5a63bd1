"""A headless Chromium, driven through the DevTools protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import websocket

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


class Page:
    """A tab, and everything it complained of or asked for."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._number = 0
        self.complaints: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        self._socket.close()

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": given}))
        while True:
            told = self._hear()
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                result: dict[str, Any] = told["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._socket.recv())
        given = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(str(given["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if given["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(given["args"]))
            case "Log.entryAdded" if given["entry"]["level"] in ("error", "warning"):
                self.complaints.append(str(given["entry"]))
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])
        return told

    def open(self, path: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Show a file in a window of this size, and wait until it is drawn."""
        self.size(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.absolute().as_uri())
        self.wait("document.readyState === 'complete'")
        shown = "[...document.querySelectorAll('.chart')].filter((c) => c.checkVisibility())"
        self.wait(f"{shown}.every((c) => c.querySelector('svg'))")

    def size(self, width: int, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def run(self, script: str) -> Any:
        """The value of an expression; that of a promise when it is kept."""
        told = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in told:
            raise RuntimeError(str(told["exceptionDetails"]))
        return told["result"].get("value")

    def wait(self, condition: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not self.run(condition):
            if time.monotonic() > end:
                raise TimeoutError(condition)
            time.sleep(0.03)

    def settle(self) -> None:
        """Let everything be drawn that is due."""
        self.run("new Promise((done) => setTimeout(done, 120))")

    def press(self, key: str, times: int = 1) -> None:
        codes = {"ArrowRight": 39, "ArrowLeft": 37, "Tab": 9, " ": 32, "Enter": 13}
        given = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        text = {"text": key} if key == " " else {}
        for _ in range(times):
            self.call("Input.dispatchKeyEvent", type="keyDown", **given, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **given)

    def picture(self) -> bytes:
        """A PNG of the whole page."""
        told = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(told["data"])

    def print(self) -> bytes:
        """The PDF of the page, in the size it asks for."""
        told = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(told["data"])


@contextmanager
def browse() -> Iterator[Page]:
    """A Chromium with one tab, gone afterwards."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
        quiet = ("--no-first-run", "--disable-extensions", "--disable-background-networking")
        command = [CHROMIUM, *flags, *quiet, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            page = Page(_address(Path(profile) / "DevToolsActivePort"))
            yield page
            page.close()
        finally:
            process.terminate()
            process.wait(timeout=20)


def _address(note: Path) -> str:
    """Where the first tab listens; Chromium writes its port into its profile."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if note.exists() and (lines := note.read_text().splitlines()):
            with urlopen(f"http://127.0.0.1:{lines[0]}/json") as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.05)
    raise TimeoutError("Chromium did not start")
