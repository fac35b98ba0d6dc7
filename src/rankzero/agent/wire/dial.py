"""Dialling and listening."""

import errno
import os
import socket
from typing import Callable, Tuple

from rankzero.agent.loop import Loop


def split(address: str) -> Tuple[str, int]:
    """`host:port`, where the host may be a bracketed IPv6 address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


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

    The look-up itself blocks: it is the resolver's own time, and a node that has no coordinator
    has nothing else to do but to watch its ranks, which do not wait for it.
    """
    host, port = split(address)
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(info[0], socket.SOCK_STREAM)
    except OSError as error:
        failed("%s: %s" % (address, error.strerror or error))
        return
    sock.setblocking(False)
    code = sock.connect_ex(info[4])
    if code not in (0, errno.EINPROGRESS):
        sock.close()
        failed("%s: %s" % (address, _text(code)))
        return

    def connected() -> None:
        timer.cancel()
        loop.watch(sock.fileno())
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            sock.close()
            failed("%s: %s" % (address, _text(code)))
        else:
            done(sock)

    def overdue() -> None:
        loop.watch(sock.fileno())
        sock.close()
        failed("%s: no answer within 10 s" % address)

    timer = loop.after(10.0, overdue)
    loop.watch(sock.fileno(), write=connected)


def _text(code: int) -> str:
    return os.strerror(code)
