"""What process 1 of a namespace does: start programs, keep them running, and reap."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from .places import LOG, PIDS


class Services:
    """The programs of one namespace. Each one's output is under `LOG`, its pid under `PIDS`."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._argv: dict[str, list[str]] = {}
        self._pids: dict[int, str] = {}

    def start(self, name: str, *argv: object) -> Path:
        """Start a program, and again whenever it ends. Returns where its output goes."""
        self._argv[name] = [str(word) for word in argv]
        self._spawn(name)
        return self._log(name)

    def keep(self) -> NoReturn:
        """Reap whatever ends, and start what is a service again. Never returns."""
        signal.signal(signal.SIGTERM, _leave)
        while True:
            try:
                pid, _ = os.waitpid(-1, 0)
            except ChildProcessError:
                signal.pause()
                continue
            if name := self._pids.pop(pid, None):
                time.sleep(
                    0.2
                )  # a program that cannot start is not tried a thousand times a second
                self._spawn(name)

    def _spawn(self, name: str) -> None:
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                self._argv[name], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        process.returncode = 0  # reaped in keep(), not by its object
        self._pids[process.pid] = name
        PIDS.mkdir(exist_ok=True)
        (PIDS / f"{self._host}.{name}").write_text(str(process.pid))

    def _log(self, name: str) -> Path:
        return LOG / f"{self._host}-{name}.log"


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
