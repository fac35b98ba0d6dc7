"""Ports that nobody else takes before a test's own process listens on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rankzero.agent import ports


@contextmanager
def free(count: int) -> Iterator[list[int]]:
    """For the length of a `with`. They lie below the range that outgoing connections are given
    theirs from, as those of every run do, and other runs pass them over."""
    claims = ports.claim(count)
    for one in claims:
        one.release()
    try:
        yield [one.port for one in claims]
    finally:
        for one in claims:
            one.close()
