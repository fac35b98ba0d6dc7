"""What the system says of a connection, in words."""

from __future__ import annotations

import os
import socket
import ssl

import pytest

from rankzero.agent.worded import in_words


def refused() -> OSError:
    """As the system itself says it: nobody listens at a port that was only bound."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="refused") as raised:
            socket.create_connection(sock.getsockname(), 5.0)
    return raised.value


def missing() -> OSError:
    with pytest.raises(FileNotFoundError) as raised:
        os.stat("/nowhere/at all")
    return raised.value


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refused(), "Connection refused"),
        (missing(), "No such file or directory: '/nowhere/at all'"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (
            ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1016)"),
            "wrong version number",
        ),
        (OSError("Multiple exceptions: [Errno 111] no, [Errno 101] no"), None),
        (TimeoutError(), "TimeoutError"),
        (ValueError("plain [words] stay"), "plain [words] stay"),
    ],
)
def test_numbers_of_the_system_s_are_left_out(error: Exception, said: str | None) -> None:
    assert in_words(error) == (said or "Multiple exceptions: no, no")
