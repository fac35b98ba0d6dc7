"""A local run's coordinator, dialled; again and again where it is just being replaced."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path
from typing import Protocol

from rankzero.agent.wire.address import split
from rankzero.agent.wire.seal import Broken
from rankzero.agent.worded import in_words
from rankzero.backends.viewer import Lost, Viewer, glances
from rankzero.errors import Refused

_FIRST, _LONGEST = 0.02, 1.0
_BLOCK = 256 * 1024
#: A coordinator that is being replaced accepts within this time (seconds).
_PATIENCE = 20.0


class Pauses:
    """Longer and longer ones, for one who is turned away at the door: a coordinator that has
    hundreds of callers must not be called a thousand times a second by each."""

    def __init__(self) -> None:
        self._next = _FIRST

    def rest(self) -> None:
        time.sleep(self._next)
        self._next = min(2 * self._next, _LONGEST)

    def reset(self) -> None:
        self._next = _FIRST


class SocketStream:
    """TCP, for `Viewer`."""

    def __init__(self, address: str) -> None:
        """Errors: Lost where nobody listens there."""
        try:
            self._socket = socket.create_connection(split(address), timeout=_PATIENCE)
        except OSError as error:
            raise Lost(in_words(error)) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Lost(in_words(error)) from error

    def receive(self, timeout: float | None) -> bytes:
        for step in glances(timeout):
            self._socket.settimeout(step)
            try:
                data = self._socket.recv(_BLOCK)
                break
            except TimeoutError:
                continue
            except OSError as error:
                raise Lost(in_words(error)) from error
        else:
            raise TimeoutError("no answer")
        if not data:
            raise Lost("the coordinator closed the connection")
        return data

    def cut(self) -> None:
        with contextlib.suppress(OSError):  # the other side was faster
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()


class Reached(Protocol):
    """A folder of something that can be dialled, and that has a name."""

    run: str
    path: Path
    address_file: Path
    token_file: Path


def dial(folder: Reached, pauses: Pauses) -> Viewer:
    """Errors: Lost, after a pause; Refused where somebody else answers, or the token is wrong."""
    try:
        address = folder.address_file.read_text(encoding="ascii")
        token = folder.token_file.read_bytes().strip()
    except FileNotFoundError as error:  # it is just being deleted
        pauses.rest()
        raise Lost(in_words(error)) from error
    try:
        viewer = Viewer(SocketStream(address), token)
    except Lost:
        pauses.rest()
        raise
    except Broken as error:
        raise Refused(
            f"cannot look into {folder.run}: at {address}, {error}",
            f"Is {folder.path} as the run left it?",
        ) from error
    pauses.reset()
    return viewer
