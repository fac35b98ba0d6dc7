"""Connections that notice when the way is gone, however little is said on them.

Only the kernel can: whoever waits for a training's next line, or does not read since the user has
stopped the terminal, hears nothing either way.
"""

from __future__ import annotations

import socket

#: When a silent connection is first asked, how often in a row, and how many times (seconds).
_IDLE, _EVERY, _TIMES = 30, 10, 3


def options() -> list[tuple[int, int, int]]:
    """For every socket: (level, name, value), of what this system knows."""
    wanted = (
        ("TCP_KEEPIDLE", _IDLE),
        ("TCP_KEEPALIVE", _IDLE),  # macOS calls it so
        ("TCP_KEEPINTVL", _EVERY),
        ("TCP_KEEPCNT", _TIMES),
        ("TCP_USER_TIMEOUT", 1000 * (_IDLE + _EVERY * _TIMES)),  # of what was sent (milliseconds)
    )
    known = [(getattr(socket, name, None), value) for name, value in wanted]
    tcp = [(socket.IPPROTO_TCP, name, value) for name, value in known if name is not None]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *tcp]
