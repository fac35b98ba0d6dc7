"""uvicorn's HTTP/1.1, with two habits more: a head has to come in time, and at the end an idle
connection is given a moment, for a request may be on its way that was sent before its sender could
know."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: From the connection, or a head's first byte, to the head's last (seconds).
HEAD = 15.0
#: How long an idle connection is kept when the server ends (seconds).
MOMENT = 0.5


class Protocol(H11Protocol):
    """One connection."""

    _slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._slow = self.loop.call_later(HEAD, self._give_up)

    def data_received(self, data: bytes) -> None:
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
