"""Whether one pod reaches another by its name, as every node of a run must reach the first."""

import os
import signal
import socket
import threading
import time
from typing import Any, Dict

from rankzero.agent.checkup.names import look_up
from rankzero.agent.worded import in_words

#: What the first pod says to whoever comes, before its own name.
_HELLO = b"rankzero check-up "
#: How long one try may take, and between two (seconds): the other pod may just be starting.
_TRY, _PAUSE = 5.0, 0.5


class Host:
    """The first pod's side: it listens from now on."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("", port))
        self._socket.listen(8)

    @property
    def port(self) -> int:
        found: int = self._socket.getsockname()[1]
        return found

    def greet(self, name: str, patience: float) -> bool:
        """Say who this is to the first that comes; whether anybody did."""
        self._socket.settimeout(patience)
        try:
            guest, _ = self._socket.accept()
        except OSError:
            return False
        with guest:
            guest.sendall(_HELLO + name.encode() + b"\n")
        return True


def visit(name: str, port: int, patience: float) -> Dict[str, Any]:
    """`name`; `seconds`, how long the way there took the time that it worked; else `fault`, and
    `kind`: `name` where it cannot be looked up, `connection`, or `other` where another answers."""
    began = time.monotonic()
    while True:
        found = _try(name, port)
        if not found["fault"] or time.monotonic() > began + patience:
            return found
        threading.Event().wait(_PAUSE)


def _try(name: str, port: int) -> Dict[str, Any]:
    led = look_up(name, _TRY)
    found: Dict[str, Any] = {"name": name, "kind": "name", "fault": led["fault"], "seconds": 0.0}
    if found["fault"]:
        return found
    began = time.monotonic()
    try:
        with socket.create_connection((led["addresses"][0], port), _TRY) as way:
            said = way.makefile("rb").readline(256).strip()
    except OSError as error:
        return dict(found, kind="connection", fault=in_words(error))
    if said != _HELLO + name.encode():
        return dict(found, kind="other", fault="something else answers there")
    return dict(found, seconds=time.monotonic() - began)


def leave_when_told() -> None:
    """The first process of a container ends for SIGTERM only where it says so."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
