"""The socket that all workers share."""

from __future__ import annotations

import errno
import socket

from rankzero.errors import BadRequest, Refused

#: How many connections the kernel keeps while the workers are busy or start.
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """It, listening. Errors: BadRequest, Refused."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise BadRequest(f'--host: "{host}" is no address of this machine.') from None
    family, kind, _, _, address = found[0]
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _refusal(error, host, port) from None
    return listener


def url(listener: socket.socket) -> str:
    """Where a browser finds it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refusal(error: OSError, host: str, port: int) -> Refused:
    if error.errno == errno.EADDRINUSE:
        return Refused(
            f"port {port} of {host} is taken.", "Take another: --port 0 finds a free one."
        )
    if error.errno == errno.EACCES:
        return Refused(
            f"this user may not listen on port {port}.", "Take one above 1023: --port 8000"
        )
    return Refused(f"cannot listen on {host}, port {port}: {error.strerror}")
