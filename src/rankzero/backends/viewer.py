"""A blocking viewer of a run: asks its coordinator for events and log ranges.

Only the way there is the backend's: a socket on a laptop, an `exec` into a pod on a cluster.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from rankzero.agent.wire.lost import Lost as Lost
from rankzero.agent.wire.seal import (
    MAX_LINE,
    Broken,
    Handshake,
    Opener,
    Sealer,
    parse,
    plain,
)

#: A coordinator that is being replaced answers within this time (seconds).
_PATIENCE = 20.0
_GLANCE = 1.0
#: How long one that is at its end may take to answer (seconds).
_ANSWER = 5.0


def glances(timeout: float | None) -> Iterator[float]:
    """How long to block at a time until so many seconds are over (None: for ever).

    A signal that arrives just before a blocking call is handled only after it: a Ctrl-C at that
    moment must not wait for the next line of a training.
    """
    end = None if timeout is None else time.monotonic() + timeout
    while end is None:
        yield _GLANCE
    while (left := end - time.monotonic()) > 0:
        yield min(left, _GLANCE)


class Stream(Protocol):
    """A way to the coordinator. Every method raises Lost where it has ended."""

    def send(self, data: bytes) -> None:
        """All of it."""
        ...

    def receive(self, timeout: float | None) -> bytes:
        """Some bytes, at least one. Errors: TimeoutError after so many seconds; None waits."""
        ...

    def cut(self) -> None:
        """From another thread: whoever sends or receives loses it."""
        ...

    def close(self) -> None:
        """Once or more often."""
        ...


class Viewer:
    """A connection to the coordinator. Close it, or use it as a context manager."""

    def __init__(self, stream: Stream, token: bytes | None) -> None:
        """token: None for a stream that only they have who may look, such as one into the pod.

        Errors: Lost where nobody answers, Broken for a stranger; the stream is closed then.
        """
        self._stream = stream
        self._buffer = bytearray()
        self._count = 0
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        try:
            if token is None:
                self._expect_ready()
            else:
                self._sealer, self._opener = self._prove(Handshake(token, "viewer"))
        except TimeoutError as error:
            stream.close()
            raise Lost("the coordinator does not answer") from error
        except BaseException:
            stream.close()
            raise

    def _expect_ready(self) -> None:
        answer = self.next(_PATIENCE)
        if answer["type"] != "ready":
            raise Lost(str(answer.get("reason", answer["type"])))

    def _prove(self, handshake: Handshake) -> tuple[Sealer, Opener]:
        self._stream.send(handshake.greet())
        proof, sealer, opener = handshake.check_listener(self._line(_PATIENCE))
        self._stream.send(proof)
        return sealer, opener

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut(self) -> None:
        """From another thread: `next` raises Lost."""
        self._stream.cut()

    def close(self) -> None:
        self._stream.close()

    def ask(self, kind: str, **question: object) -> int:
        """Send a question; its answer carries the number returned. Errors: Lost."""
        self._count += 1
        message: Mapping[str, Any] = {"type": kind, "id": self._count, **question}
        self._stream.send(self._sealer.seal(message) if self._sealer else plain(message))
        return self._count

    def next(self, timeout: float | None = None) -> dict[str, Any]:
        """The next answer, whichever question it is for; timeout is in seconds.

        Errors: Lost, Broken, TimeoutError.
        """
        answer = self._opener.open(self._line(timeout)) if self._opener else self._plain(timeout)
        if answer["type"] == "lost":
            raise Lost(str(answer.get("reason")))
        return answer

    def _plain(self, timeout: float | None) -> dict[str, Any]:
        """Beside the answers an image's Python may print what else it likes when it starts."""
        while True:
            line = self._line(timeout)
            with contextlib.suppress(Broken):
                return parse(line)

    def release(self) -> None:
        """Of a run that has ended, everything was got: its nodes need not wait any longer."""
        with contextlib.suppress(TimeoutError, Lost):
            number = self.ask("release")
            while self.next(_ANSWER).get("id") != number:
                pass

    def _line(self, timeout: float | None) -> bytes:
        scanned = 0
        while True:
            end = self._buffer.find(b"\n", scanned)
            if end >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return line
            scanned = len(self._buffer)
            if scanned > MAX_LINE:
                raise Broken("a line is too long")
            self._buffer += self._stream.receive(timeout)
