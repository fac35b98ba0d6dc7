"""The port of a service on this machine: said, or chosen once and kept."""

from __future__ import annotations

import socket
from collections.abc import Collection

from rankzero.errors import Refused

HERE = "127.0.0.1"
#: Where the search begins, as a model server's own port does.
_FIRST, _LAST = 8000, 65535


def free(port: int) -> bool:
    """Whether somebody could listen there now, as a server does it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HERE, port))
            tried.listen(1)
        except OSError:
            return False
    return True


def choose(taken: Collection[int]) -> int:
    """The first one from 8000 on that is free. taken: those of other services, which need not run
    at present. Errors: Refused where there is none."""
    for port in range(_FIRST, _LAST + 1):
        if port not in taken and free(port):
            return port
    raise Refused(f"no port from {_FIRST} on is free on this machine.")


def check(name: str, port: int) -> None:
    """Errors: Refused where somebody else has it."""
    if not free(port):
        raise Refused(
            f"port {port} of this machine, which {name} is to listen on, is taken.",
            "End who listens there, or take another: --port",
        )
