"""A worker's process, and its keeper's end of the socket between them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import rankzero
from rankzero.serving.said import Lines
from rankzero.serving.settings import Settings

#: What libraries start a thread a processor for; several workers share the processors.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def boot(module: str) -> str:
    """What `python -c` is given to run a module's `main`. The current folder is no place to import
    from yet; where rankzero is not installed, it is where we have it from."""
    root = str(Path(rankzero.__file__).parents[1])
    path = f"sys.path.pop(0); sys.path.append({root!r})"
    return f"import sys; {path}; from {module} import main; main()"


class Child:
    """A worker that was started. failures: how many before it ended on their own and soon."""

    def __init__(
        self, row: int, failures: int, process: subprocess.Popen[bytes], control: socket.socket
    ) -> None:
        self.row, self.failures, self.control = row, failures, control
        self.lines = Lines()
        self.ready_since: float | None = None
        self.leaving: str | None = None
        self._process = process

    def read(self) -> bytes | None:
        """What it has said meanwhile; None: it has ended."""
        try:
            return self.control.recv(65536) or None
        except BlockingIOError:
            return b""
        except OSError:
            return None

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """Its exit code, once it has closed its end, or has ended."""
        self.control.close()
        return self._process.wait()


def spawn(
    settings: Settings, row: int, failures: int, listener: socket.socket, shared: int
) -> Child:
    """Errors: OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        place = (row, listener.fileno(), shared, theirs.fileno())
        given = json.dumps({"settings": settings.plain(), "place": place})
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", boot("rankzero.serving.worker"), given],
            stdin=subprocess.DEVNULL,
            pass_fds=place[1:],
            env={**_threads(settings.workers), **os.environ},
        )
    ours.setblocking(False)
    return Child(row, failures, process, ours)


def _threads(workers: int) -> dict[str, str]:
    if workers == 1:
        return {}
    share = max(1, len(os.sched_getaffinity(0)) // workers)
    return dict.fromkeys(_THREADS, str(share))
