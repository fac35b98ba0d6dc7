"""What a server says, a line of JSON each: one for a request, one for what happens besides."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from rankzero.serving.failing import recorded

if TYPE_CHECKING:
    import asyncio

#: How long lines may wait to be written together (seconds).
_TOGETHER = 0.05
_MOST = 64 << 10


class Log:
    """Lines to a descriptor. On an event loop those of requests are gathered for a moment."""

    def __init__(self, fd: int, worker: int, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._fd, self._worker, self._loop = fd, worker, loop
        self._lines: list[bytes] = []
        self._size = 0

    def request(self, **fields: Any) -> None:
        """A request that was answered."""
        line = self._line("request", fields)
        self._lines.append(line)
        self._size += len(line)
        if self._loop is None or self._size > _MOST:
            self.flush()
        elif len(self._lines) == 1:
            self._loop.call_later(_TOGETHER, self.flush)

    def event(self, kind: str, **fields: Any) -> None:
        """Something else that somebody may look for."""
        self._lines.append(self._line(kind, fields))
        self.flush()

    def failure(self, kind: str, error: BaseException, **fields: Any) -> None:
        """An exception of the user's code, with its frames."""
        self.event(kind, **fields, **recorded(error))

    def flush(self) -> None:
        """Write what there is. Where nobody can read it, it is not said."""
        whole = memoryview(b"".join(self._lines))
        self._lines, self._size = [], 0
        try:
            while whole:
                whole = whole[os.write(self._fd, whole) :]
        except OSError:
            return

    def _line(self, kind: str, fields: dict[str, Any]) -> bytes:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
        line = {"time": stamp, "kind": kind, "worker": self._worker, **fields}
        return json.dumps(line, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"


def say(words: str) -> None:
    """A line for people."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201
