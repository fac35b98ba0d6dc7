"""Free ports that stay free until a rank listens on them.

They are taken from below the kernel's ephemeral range, so that no outgoing connection of any
program takes one in the moment between our letting go and the rank's bind. Against other runs
on the machine each port is also claimed by name: an abstract Unix socket lives exactly as long
as its owner and is scoped to the network namespace, as ports are.
"""

import errno
import os
import random
import socket
import sys
from typing import List, Optional, Tuple

_LOWEST = 15000


class Claim:
    """One port. `release` frees it for the rank's own bind and keeps the claim against others."""

    def __init__(self, port: int, hold: socket.socket, name: Optional[socket.socket]) -> None:
        self.port = port
        self._hold: Optional[socket.socket] = hold
        self._name = name

    def release(self) -> None:
        if self._hold is not None:
            self._hold.close()
            self._hold = None

    def fileno(self) -> int:
        """Of what claims it against others: a process that inherits this holds the claim, too."""
        return -1 if self._name is None else self._name.fileno()

    def close(self) -> None:
        self.release()
        if self._name is not None:
            self._name.close()
            self._name = None


def claim(count: int) -> List[Claim]:
    """That many free ports. Raises OSError where the machine has none left."""
    claims: List[Claim] = []
    low, high = _range()
    candidates = random.sample(range(low, high), min(high - low, 50 * count + 200))
    for port in candidates:
        if len(claims) == count:
            return claims
        one = try_claim(port)
        if one is not None:
            claims.append(one)
    if len(claims) < count:
        for one in claims:
            one.close()
        raise OSError(errno.EADDRINUSE, "no %d free ports between %d and %d" % (count, low, high))
    return claims


def try_claim(port: int) -> Optional[Claim]:
    """The claim on this very port, or None where it is in use."""
    name = _name(port)
    if name is None:
        return None
    hold = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As servers do: a port whose last connections are still in TIME_WAIT counts as free.
    hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        hold.bind(("", port))
    except OSError:
        hold.close()
        name.close()
        return None
    return Claim(port, hold, name)


def _name(port: int) -> Optional[socket.socket]:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if not sys.platform.startswith("linux"):
        return sock
    try:
        sock.bind("\0rankzero-port-%d" % port)
    except OSError:
        sock.close()
        return None
    return sock


def _range() -> Tuple[int, int]:
    path = "/proc/sys/net/ipv4/ip_local_port_range"
    if os.path.exists(path):
        with open(path, encoding="ascii") as file:
            low = int(file.read().split()[0])
        if low > _LOWEST + 2000:
            return _LOWEST, low
    return _LOWEST, 32768
