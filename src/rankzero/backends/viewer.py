"""A blocking viewer of a run: asks its coordinator for events and log ranges.

Only the transport is the backend's: a socket here, an `exec` stream on a cluster.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from rankzero.agent.wire.seal import MAX_LINE, Broken, Handshake, Opener, Sealer

_BLOCK = 256 * 1024
#: A coordinator that is being replaced accepts within this time (seconds).
_PATIENCE = 20.0


class Lost(Exception):
    """The connection is gone: the coordinator ended, or was replaced."""


class Viewer:
    """A proved connection. Close it, or use it as a context manager."""

    def __init__(self, address: str, token: bytes) -> None:
        """Errors: Lost where nobody answers, Broken for a stranger."""
        host, _, port = address.rpartition(":")
        self._buffer = bytearray()
        self._count = 0
        try:
            self._socket = socket.create_connection((host, int(port)), timeout=_PATIENCE)
        except OSError as error:
            raise Lost(str(error)) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._sealer, self._opener = self._prove(Handshake(token, "viewer"))
        except TimeoutError as error:
            self._socket.close()
            raise Lost("the coordinator does not answer") from error
        except BaseException:
            self._socket.close()
            raise

    def _prove(self, handshake: Handshake) -> tuple[Sealer, Opener]:
        self._write(handshake.greet())
        proof, sealer, opener = handshake.check_listener(self._line())
        self._write(proof)
        return sealer, opener

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def ask(self, kind: str, **question: object) -> int:
        """Send a question; its answer carries the number returned. Errors: Lost."""
        self._count += 1
        message: Mapping[str, Any] = {"type": kind, "id": self._count, **question}
        self._write(self._sealer.seal(message))
        return self._count

    def next(self, timeout: float | None = None) -> dict[str, Any]:
        """The next answer, whichever question it is for; timeout is in seconds.

        Errors: Lost, Broken, TimeoutError.
        """
        self._socket.settimeout(timeout)
        return self._opener.open(self._line())

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Lost(str(error)) from error

    def _line(self) -> bytes:
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
            try:
                block = self._socket.recv(_BLOCK)
            except TimeoutError:
                raise
            except OSError as error:
                raise Lost(str(error)) from error
            if not block:
                raise Lost("the coordinator closed the connection")
            self._buffer += block
