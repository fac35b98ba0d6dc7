"""Dialling and listening."""

import errno
import os
import socket
from typing import Any, Callable, Optional, Tuple, Union

from rankzero.agent.loop import Loop
from rankzero.agent.wire.address import split

#: An address family, and what `connect` takes for it.
_Place = Tuple[socket.AddressFamily, Any]
#: What a reason begins with where there is no such name.
NO_NAME = "cannot look up "
#: How long a connection may take to come up (seconds).
_PATIENCE = 10.0


def listen(address: str) -> socket.socket:
    """A listening socket: `fd:N` is one that the parent opened, else `host:port`."""
    if address.startswith("fd:"):
        sock = socket.socket(fileno=int(address[3:]))
        sock.set_inheritable(False)
    else:
        host, port = split(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(128)
    sock.setblocking(False)
    return sock


def dial(
    loop: Loop,
    address: str,
    done: Callable[[socket.socket], None],
    failed: Callable[[str], None],
) -> None:
    """Connect without blocking the loop; a name is looked up afresh at each call.

    `done` gets the connected socket, `failed` the reason why there is none; either may come
    before this returns.
    """
    host, port = split(address)
    family = _literal(host)
    if family is not None:
        _connect(loop, address, (family, (host, port)), done, failed)
        return

    def found(place: "Union[_Place, str]") -> None:
        if isinstance(place, str):
            failed("%s%s: %s" % (NO_NAME, address, place))
        else:
            _connect(loop, address, place, done, failed)

    # A name server that does not answer takes 5 s and more of whoever waits for it.
    try:
        loop.elsewhere(lambda: _look_up(host, port), found)
    except OSError as error:
        failed("%s: %s" % (address, error.strerror))


def _literal(host: str) -> "Optional[socket.AddressFamily]":
    """The family of a host that is an address already, so that nobody has to be asked."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
            return family
        except OSError:
            continue
    return None


def _look_up(host: str, port: int) -> "Union[_Place, str]":
    """Where this name leads, or why nowhere."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)
    return found[0], found[4]


def _connect(
    loop: Loop,
    address: str,
    place: "_Place",
    done: Callable[[socket.socket], None],
    failed: Callable[[str], None],
) -> None:
    family, target = place
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        failed("%s: %s" % (address, error.strerror))
        return
    sock.setblocking(False)
    code = sock.connect_ex(target)
    if code not in (0, errno.EINPROGRESS):
        sock.close()
        failed("%s: %s" % (address, os.strerror(code)))
        return

    def connected() -> None:
        timer.cancel()
        loop.watch(sock.fileno())
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            sock.close()
            failed("%s: %s" % (address, os.strerror(code)))
        else:
            done(sock)

    def overdue() -> None:
        loop.watch(sock.fileno())
        sock.close()
        failed("%s: no answer within %d s" % (address, _PATIENCE))

    timer = loop.after(_PATIENCE, overdue)
    loop.watch(sock.fileno(), write=connected)
