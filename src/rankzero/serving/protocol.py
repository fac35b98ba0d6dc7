"""uvicorn's HTTP/1.1, with two habits more: a head has to come in time, and at the end an idle
connection is given a moment, for a request may be on its way that was sent before its sender could
know."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from rankzero.serving import shedding
from rankzero.serving.app.state import State

#: From the connection, or a head's first byte, to the head's last (seconds).
HEAD = 15.0
_BETWEEN = {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}
#: How long a connection is not read after a request of it was refused (seconds).
SILENCE = 0.25
#: How an answer's head begins, and the first digit of one that no body follows: 100.
_HEAD, _INFORMATION = b"HTTP/1.1 ", ord("1")
#: How long an idle connection is kept when the server ends (seconds).
MOMENT = 0.5


def protocol(state: State) -> type[Protocol]:
    """The protocol of a worker's connections."""
    return type("WorkersProtocol", (Protocol,), {"state": state})


class Joined:
    """A transport on which the head of an answer waits for the body: uvicorn writes one after the
    other, and to tell the kernel twice costs a tenth of a small answer."""

    def __init__(self, transport: Any) -> None:
        self._inner, self._head = transport, b""

    def write(self, data: bytes) -> None:
        if self._head:
            self.whole(data)
        elif data.startswith(_HEAD) and data[len(_HEAD)] != _INFORMATION:
            self._head = data
        elif data:
            self._inner.write(data)

    def whole(self, data: bytes) -> None:
        """Nothing waits any more."""
        self._inner.write(self._head + data)
        self._head = b""

    def close(self) -> None:
        if self._head:
            self.whole(b"")
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport has."""
        return getattr(self._inner, name)


class Protocol(H11Protocol):
    """One connection."""

    state: ClassVar[State]
    transport: Any
    _slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(cast(asyncio.Transport, Joined(transport)))
        self._slow = self.loop.call_later(HEAD, self._give_up)

    def data_received(self, data: bytes) -> None:
        if self.state.full(len(self.tasks)) and self._idle() and self._shed(data):
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:  # a head has begun
            if self._slow is None:
                self._slow = self.loop.call_later(HEAD, self._give_up)
        elif self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._slow is not None:
            self._slow.cancel()
        super().connection_lost(exc)

    def _idle(self) -> bool:
        """Whether it is between two requests."""
        return self.conn.states == _BETWEEN and not self.conn.trailing_data[0]

    def _shed(self, data: bytes) -> bool:
        """Refuse it here and now, where that can be done."""
        plain = shedding.plain_request(data)
        if plain is None or self.state.draining:
            return False
        self._unset_keepalive_if_required()
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        self.transport.whole(self.state.shed(plain, self.client))
        # Who does not wait as long as it was told is not listened to so soon.
        self.flow.pause_reading()
        self.loop.call_later(SILENCE, self.flow.resume_reading)
        return True

    def shutdown(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(MOMENT, self._end)
        else:
            super().shutdown()

    def _end(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def _give_up(self) -> None:
        self._slow = None
        self.transport.close()
