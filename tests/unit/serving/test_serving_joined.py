"""What a connection's transport is told: an answer's head and its body at once."""

from __future__ import annotations

import pytest

from rankzero.serving.protocol import Joined

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Wire:
    """Keeps what it is told."""

    peer = "somebody"

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([HEAD, b"body", b""], [HEAD + b"body"]),
        ([HEAD, b"first", b"second", b""], [HEAD + b"first", b"second"]),
        ([HEAD, b"", b""], [HEAD]),
        ([b"HTTP/1.1 100 \r\n\r\n", HEAD, b"body"], [b"HTTP/1.1 100 \r\n\r\n", HEAD + b"body"]),
    ],
)
def test_a_head_goes_with_its_body(written: list[bytes], told: list[bytes]) -> None:
    wire = Wire()
    joined = Joined(wire)
    for data in written:
        joined.write(data)

    assert wire.told == told


def test_a_head_without_a_body_goes_before_the_end() -> None:
    wire = Wire()
    joined = Joined(wire)
    joined.write(HEAD)
    joined.close()

    assert wire.told == [HEAD, "closed"] and joined.peer == "somebody"


def test_what_is_whole_does_not_wait() -> None:
    wire = Wire()
    Joined(wire).whole(HEAD + b"body")

    assert wire.told == [HEAD + b"body"]
