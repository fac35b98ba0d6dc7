"""A listening socket that lets in whoever proves to know the token."""

import socket
from typing import Any, Callable, Dict, List, NamedTuple

from rankzero.agent.loop import Loop
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.seal import Handshake

#: So many strangers may be proving themselves at once.
MAX_STRANGERS = 256


class Guest(NamedTuple):
    """What one who came in is told. message: each of its messages; KeyError, TypeError, ValueError
    and OverflowError of it end the connection. closed: it is gone."""

    message: Callable[[Dict[str, Any]], None]
    closed: Callable[[], None]


class Door:
    """enter: called for each that has proved itself; what it came for is `handshake.purpose`."""

    def __init__(
        self,
        loop: Loop,
        listener: socket.socket,
        token: bytes,
        enter: Callable[[Connection], Guest],
    ) -> None:
        self._loop, self._socket, self._token, self._enter = loop, listener, token, enter
        self._strangers: List[Connection] = []

    def open(self) -> None:
        self._loop.watch(self._socket.fileno(), self._accept)

    def shut(self) -> None:
        """Let nobody in any more; who is in stays."""
        self._loop.watch(self._socket.fileno())

    def _accept(self) -> None:
        try:
            sock, _ = self._socket.accept()
        except OSError:
            return
        if len(self._strangers) >= MAX_STRANGERS:
            sock.close()
            return
        self._greet(sock)

    def _greet(self, sock: socket.socket) -> None:
        guests: List[Guest] = []

        def ready() -> None:
            self._strangers.remove(connection)
            guests.append(self._enter(connection))

        def message(data: Dict[str, Any]) -> None:
            try:
                guests[0].message(data)
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                connection.close("a message is malformed: %r" % error)

        def closed(reason: str) -> None:
            if connection in self._strangers:
                self._strangers.remove(connection)
            for guest in guests:
                guest.closed()

        connection = Connection(
            self._loop,
            sock,
            Handshake(self._token),
            dials=False,
            on_ready=ready,
            on_message=message,
            on_close=closed,
        )
        self._strangers.append(connection)
