"""A real browser, driven over the Chrome DevTools Protocol: what it shows, asks for and complains of."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60  # seconds until a browser must have answered
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
# What Chromium says of a page that is no fault of it.
_QUIET = ("favicon.ico",)


class Browser:
    """One tab of a browser; what happens on a page is forgotten when the next one is opened."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE))
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._take(answer)

    def _take(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    def _wait(self, method: str) -> None:
        while not any(event["method"] == method for event in self.events):
            self._take(json.loads(self._socket.recv(timeout=PATIENCE)))

    def open(self, address: str) -> None:
        """Show a page, and wait until it is loaded."""
        self.events.clear()
        self.send("Page.navigate", url=address)
        self._wait("Page.loadEventFired")
        self.run("document.fonts.ready.then(() => true)")

    def run(self, script: str) -> Any:
        """What a script gives, in the page."""
        found = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until a script gives something true."""
        end = time.monotonic() + PATIENCE
        while not self.run(script):
            assert time.monotonic() < end, script
            time.sleep(0.05)

    def look(self, *, width: int, height: int, dark: bool = False) -> None:
        """The size of the screen, and whether the reader likes it dark."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[scheme, still])

    def scripts(self, *, run: bool) -> None:
        """Whether pages may run scripts."""
        self.send("Emulation.setScriptExecutionDisabled", value=not run)

    def press(self, key: str, code: int, *, shift: bool = False) -> None:
        """Press a key: its name, and its number."""
        text = {"Enter": "\r", " ": " "}.get(key)
        common = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": code,
            "modifiers": 8 if shift else 0,
        }
        more = {"text": text} if text else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", **common, **more)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def tab(self) -> str:
        """Press Tab; what has the focus then."""
        self.press("Tab", 9)
        return str(
            self.run("document.activeElement.id || document.activeElement.textContent.trim()")
        )

    def picture(self, path: Path) -> None:
        """Keep what is on the screen."""
        found = self.send("Page.captureScreenshot", format="png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(found["data"]))

    @property
    def complaints(self) -> list[str]:
        """What the console says, exceptions, dialogs, and requests that failed."""
        found = []
        for event in self.events:
            method, told = event["method"], event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(told["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
                found.append(str(told["args"]))
            elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                found.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
            elif method == "Page.javascriptDialogOpening":
                found.append(f"dialog: {told['message']}")
            elif method == "Network.loadingFailed":
                found.append(f"failed: {told.get('errorText')} {told.get('blockedReason', '')}")
        return [text for text in found if not any(quiet in text for quiet in _QUIET)]

    @property
    def requests(self) -> list[str]:
        """Every address that was asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    @property
    def hosts(self) -> set[str]:
        """Every host that was asked."""
        return {urlsplit(url).netloc for url in self.requests if not url.startswith("data:")}


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of its own, for as long as the block lasts; without one a test is skipped."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed: apt-get install chromium")
        pytest.skip("chromium is not installed: apt-get install chromium")
    folder = Path(tempfile.mkdtemp(prefix="browser"))
    command = [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_tab(folder, process), max_size=None, proxy=None) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _tab(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    """The address at which the first tab listens."""
    end, port = time.monotonic() + PATIENCE, folder / "DevToolsActivePort"
    while True:
        assert process.poll() is None, "the browser has ended"
        assert time.monotonic() < end, "the browser does not answer"
        if port.is_file() and (lines := port.read_text(encoding="utf-8").splitlines()):
            tabs = httpx.get(f"http://127.0.0.1:{lines[0]}/json/list", trust_env=False).json()
            for tab in tabs:
                if tab["type"] == "page":
                    return str(tab["webSocketDebuggerUrl"])
        time.sleep(0.05)
