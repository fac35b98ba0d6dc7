"""A browser's DevTools protocol over the pipe that it offers on descriptors 3 and 4.

The pipe needs no port, no driver and no package: it is there before the browser is, and the
browser ends when it closes.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from support.waiting import PATIENCE

#: Above all descriptors that a shell uses for itself.
_HIGH = 50


class Devtools:
    """A running browser, and the way to talk with it. Errors: AssertionError, with its words."""

    def __init__(self, argv: Sequence[str], environment: dict[str, str], log: Any) -> None:
        asks, self._asking = _pipe(ours=1)
        self._hearing, says = _pipe(ours=0)
        redirected = f'exec "$@" 3</dev/fd/{asks} 4>/dev/fd/{says}'
        self.process = subprocess.Popen(
            ["sh", "-c", redirected, "sh", *argv],
            pass_fds=(asks, says),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
        os.close(asks)
        os.close(says)
        self._changed = threading.Condition()
        self._last, self._closed = 0, False
        self._answers: dict[int, dict[str, Any]] = {}
        self._events: dict[str, deque[dict[str, Any]]] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Ask for something; what came back."""
        with self._changed:
            self._last += 1
            number = self._last
        asked = {"id": number, "method": method, "params": parameters}
        if session:
            asked["sessionId"] = session
        os.write(self._asking, json.dumps(asked).encode() + b"\0")
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._closed or number in self._answers, PATIENCE
            ):
                raise AssertionError(f"the browser did not answer {method}")
            if number not in self._answers:
                raise AssertionError(f"the browser ended before it had answered {method}")
            answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def events(self, session: str) -> deque[dict[str, Any]]:
        """All that has happened there, in order: {"method": ..., "params": ...}."""
        with self._changed:
            return self._events.setdefault(session, deque())

    def close(self) -> None:
        """The end of the browser, and of all its processes."""
        os.close(self._asking)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()

    def _listen(self) -> None:
        with os.fdopen(self._hearing, "rb") as pipe:
            rest = b""
            while block := pipe.raw.read(1 << 16):  # type: ignore[attr-defined]
                *whole, rest = (rest + block).split(b"\0")
                for message in whole:
                    self._take(json.loads(message))
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self._events.setdefault(message.get("sessionId", ""), deque()).append(message)
            self._changed.notify_all()


def _pipe(ours: int) -> tuple[int, int]:
    """Both ends, the browser's one far up, so that neither lies on 3 or 4 in its shell."""
    ends = list(os.pipe())
    theirs = 1 - ours
    high = fcntl.fcntl(ends[theirs], fcntl.F_DUPFD_CLOEXEC, _HIGH)
    os.close(ends[theirs])
    ends[theirs] = high
    return ends[0], ends[1]
