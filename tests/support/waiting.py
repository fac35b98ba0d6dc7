"""Waiting for what happens elsewhere: by a condition, never by a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: How long anything may take on a busy machine (seconds). Reaching it fails the test.
PATIENCE = 120.0
_LOOK_AGAIN = 0.01


def until(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """The condition's first true value; fails, saying what was awaited and what was seen last.

    Between two looks it leaves the machine alone for as long as a look takes: a command that asks
    a cluster takes a processor from those that are waited for.
    """
    give_up = time.monotonic() + patience
    while True:
        began = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > give_up:
            raise AssertionError(f"waited {patience:g} s in vain for {what}; last seen: {value!r}")
        time.sleep(max(_LOOK_AGAIN, now - began))
