"""A real headless Chromium: pages that are clicked, typed into, dropped on, and looked at."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.devtools import Devtools
from support.waiting import until

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "Space": 32, "ArrowDown": 40, "ArrowRight": 39}


class Browser:
    """One process for many pages; each page has cookies and storage of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses to start else
        self._log = (folder / "browser.log").open("wb")
        argv = (program, *_FLAGS, *root, f"--user-data-dir={folder / 'profile'}", "about:blank")
        self._tools = Devtools(argv, {**os.environ, "HOME": str(folder)}, self._log)

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A fresh page for the length of a `with`."""
        context = self._tools.call("Target.createBrowserContext")["browserContextId"]
        made = self._tools.call("Target.createTarget", url="about:blank", browserContextId=context)
        target = made["targetId"]
        session = self._tools.call("Target.attachToTarget", targetId=target, flatten=True)
        try:
            yield Page(self._tools, session["sessionId"])
        finally:
            self._tools.call("Target.disposeBrowserContext", browserContextId=context)

    def close(self) -> None:
        self._tools.close()
        self._log.close()


@contextmanager
def started(program: str) -> Iterator[Browser]:
    """A browser with a profile of its own, for the length of a `with`."""
    with tempfile.TemporaryDirectory(
        prefix="rankzero-browser-", ignore_cleanup_errors=True
    ) as where:
        browser = Browser(program, Path(where))
        try:
            yield browser
        finally:
            browser.close()


def found() -> str | None:
    """A Chromium of this machine."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Page:
    """A page as its user has it. Elements are named by CSS selectors."""

    def __init__(self, tools: Devtools, session: str) -> None:
        self._tools, self._session = tools, session
        for domain in ("Page", "Network", "Runtime", "Log", "DOM", "Accessibility"):
            self._call(f"{domain}.enable")
        self._call("Page.setInterceptFileChooserDialog", enabled=True)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._tools.call(method, self._session, **parameters)

    def _seen(self, method: str) -> list[dict[str, Any]]:
        return [
            e["params"] for e in list(self._tools.events(self._session)) if e["method"] == method
        ]

    # What a user does.

    def screen(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self._call("Emulation.setDeviceMetricsOverride", **size)
        self._call("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Go there. Whoever needs more than the document waits for what it needs."""
        self._call("Page.navigate", url=url)
        self.until(f"location.href.startsWith({json.dumps(url)})", f"the page to be at {url}")

    def click(self, what: str) -> None:
        """Press the mouse in the middle of an element: what covers it gets the click instead."""
        x, y = self._middle(what)
        for kind in ("mousePressed", "mouseReleased"):
            at = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", **at)

    def press(self, key: str, *, shift: bool = False) -> None:
        code = _KEYS[key]
        text = {"Enter": "\r", "Space": " "}.get(key, "")
        pressed = {
            "key": " " if key == "Space" else key,
            "code": key,
            "windowsVirtualKeyCode": code,
        }
        down = {"text": text} if text else {}
        keys = {**pressed, "modifiers": 8 * shift}
        self._call(
            "Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **keys, **down
        )
        self._call("Input.dispatchKeyEvent", type="keyUp", **keys)

    def type(self, text: str) -> None:
        """Into whatever has the focus."""
        self._call("Input.insertText", text=text)

    def choose(self, what: str, *files: Path) -> None:
        """Click what opens the dialog for files, and choose some in it."""
        before = len(self._seen("Page.fileChooserOpened"))
        self.click(what)
        until(
            lambda: len(self._seen("Page.fileChooserOpened")) > before,
            "the dialog for files to open",
        )
        node = self._seen("Page.fileChooserOpened")[-1]["backendNodeId"]
        self._call("DOM.setFileInputFiles", files=[str(f) for f in files], backendNodeId=node)

    def drop(self, what: str, *files: Path) -> None:
        """Drag files from outside onto an element."""
        x, y = self._middle(what)
        dragged = {"items": [], "files": [str(f) for f in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self._call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=dragged)

    def grant(self, origin: str, *permissions: str) -> None:
        """Say yes to what the page would ask for."""
        self._tools.call("Browser.grantPermissions", origin=origin, permissions=list(permissions))

    def uplink(self, rate: int) -> None:
        """How much goes up in a second, in bytes; -1: as much as can be."""
        line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
        self._call("Network.emulateNetworkConditions", **line)

    # What a user sees.

    def js(self, expression: str) -> Any:
        """An expression's value in the page."""
        how = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        done = self._call("Runtime.evaluate", expression=expression, **how)
        assert "exceptionDetails" not in done, (expression, done["exceptionDetails"])
        return done["result"].get("value")

    def until(self, expression: str, what: str) -> Any:
        """Wait until an expression is true in the page, also across its loading: what it asks for
        need not be there yet, and the page in which it was asked may go."""
        calm = f"(() => {{ try {{ return {expression} }} catch {{ return null }} }})()"

        def seen() -> Any:
            try:
                return self.js(calm)
            except AssertionError as gone:
                if "context" in str(gone):
                    return None
                raise

        try:
            return until(seen, what)
        except AssertionError as vain:
            raise AssertionError(f"{vain}\nproblems: {self.problems}\n{self.text()}") from None

    def says(self, text: str) -> None:
        """Wait until the page shows the text."""
        self.until(f"document.body.innerText.includes({json.dumps(text)})", f"the text {text!r}")

    def text(self, selector: str = "body") -> str:
        """What is to be read in an element."""
        return str(self.js(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def picture(self, *, whole: bool = False) -> bytes:
        """What it looks like, as PNG."""
        shot = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])

    def tree(self) -> Iterable[tuple[str, str]]:
        """Role and name of all that a screen reader meets."""
        for node in self._call("Accessibility.getFullAXTree")["nodes"]:
            if not node.get("ignored"):
                yield node["role"]["value"], node.get("name", {}).get("value", "")

    @property
    def requests(self) -> list[str]:
        """The address of everything that was asked for."""
        return [e["request"]["url"] for e in self._seen("Network.requestWillBeSent")]

    @property
    def problems(self) -> list[str]:
        """What a developer would see in red: exceptions, refused assets, broken policies."""
        thrown = [e["exceptionDetails"] for e in self._seen("Runtime.exceptionThrown")]
        logged = [e["entry"] for e in self._seen("Log.entryAdded")]
        return [
            *(str(one.get("exception", one).get("description", one)) for one in thrown),
            *(f"{one['text']} {one.get('url', '')}" for one in logged if one["level"] == "error"),
        ]

    def _middle(self, what: str) -> tuple[float, float]:
        found = json.dumps(what)
        at = self.until(
            f"(() => {{ const at = document.querySelector({found}); if (!at) return null;"
            " at.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const b = at.getBoundingClientRect();"
            " return b.width && b.height && [b.x + b.width / 2, b.y + b.height / 2]; })()",
            f"{what} to be there",
        )
        return at[0], at[1]
