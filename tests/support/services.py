"""A service of this machine, as a test deploys it and looks at it."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from rankzero.backends.local.services.folder import ServiceFolder, Services
from support import processes
from support.home import Home, Said
from support.waiting import PATIENCE, until

#: Says what it was told, who it is, and which processes it has; ends when it is asked to.
COMMAND = """
import http.server, os, signal, subprocess, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(7)
        body = f"{os.environ.get('WHO')} {os.getpid()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

if "detached" in sys.argv:
    sleeping = [sys.executable, "-c", "import time; time.sleep(3600)"]
    subprocess.Popen(sleeping, start_new_session=True)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", os.environ.get("WHO"), flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""
PREDICTOR = """
import os

class Predictor:
    def load(self, path):
        self.bias = int(path.read_text()) if path else 0

    def predict(self, batch):
        return [[one + self.bias, os.getpid()] for one in batch]
"""
BROKEN = """
class Predictor:
    def load(self, path):
        raise ValueError("it has no weights")

    def predict(self, batch):
        return batch
"""
COMMAND_FILE = "server.py"
#: Ports for this test process alone: below those of runs, above where a search for one begins.
_EACH = 300
_PORTS = itertools.count(12000 + _EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))


class Kept:
    """The one of a name, by the command line and on the disk."""

    def __init__(self, home: Home, name: str) -> None:
        self.home, self.name = home, name
        self._port = next(_PORTS)

    @property
    def services(self) -> Services:
        return Services(self.home.state / "rankzero")

    @property
    def folder(self) -> ServiceFolder:
        return self.services.folder(self.name)

    def call(self, verb: str, *argv: str, **how: Any) -> Said:
        """`rankzero serve VERB NAME ARGV`."""
        return self.home.call("serve", verb, self.name, *argv, **how)

    def deploy(self, *argv: str, anywhere: bool = False, **how: Any) -> Said:
        """`rankzero serve deploy ARGV` on this machine, as what it is called here. anywhere: on the
        first port that is free, which another test may take while nothing listens there."""
        own = () if anywhere or "--port" in argv else ("--port", str(self._port))
        words = ("serve", "deploy", "--on", "local", "--name", self.name, *own, *argv)
        return self.home.call(*words, **how)

    def status(self) -> dict[str, Any]:
        said = self.call("status", "-o", "json")
        assert said.code == 0, said
        found: dict[str, Any] = json.loads(said.out)
        return found

    @property
    def port(self) -> int:
        found = self.folder.record().listens_on
        assert found is not None
        return found

    def get(self, path: str = "/") -> str:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}{path}", timeout=PATIENCE
        ) as answer:
            return str(answer.read().decode())

    def predict(self, value: float) -> tuple[float, int]:
        """What it answers, and the pid of the worker that did."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/predict", json.dumps(value).encode()
        )
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            number, pid = json.loads(answer.read())["output"]
        return number, pid

    def pid(self) -> str | None:
        """Of the command that answers; None where nobody does, or just ends."""
        try:
            return self.get().split()[1]
        except (OSError, http.client.HTTPException):
            return None

    def answers(self) -> bool:
        return self.pid() is not None

    def keepers(self) -> list[int]:
        return self._running("keeper import main")

    def guards(self) -> list[int]:
        return self._running("guard import main")

    def _running(self, word: str) -> list[int]:
        found = processes.carrying(self.folder.path)
        return [one.pid for one in found if word in " ".join(one.arguments)]

    def nothing_left(self) -> None:
        """No process of it is alive any more."""
        processes.none_left(self.home.state)

    def until_state(self, state: str) -> dict[str, Any]:
        return until(
            lambda: (found := self.status())["state"] == state and found, f"it to be {state}"
        )


def write(home: Home, name: str, text: str) -> Path:
    """A file in the work folder; with another size than before, or another time."""
    path = home.work / name
    path.write_text(text, encoding="utf-8")
    return path
