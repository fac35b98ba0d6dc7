"""Waiting for what happens elsewhere: by a condition, never by a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: How long anything may take on a busy machine (seconds). Reaching it fails the test.
PATIENCE = 40.0
_LOOK_AGAIN = 0.01


def until(condition: Callable[[], T], what: str, patience: float = PATIENCE) -> T:
    """The condition's first true value; fails, saying what was awaited and what was seen last."""
    give_up = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {patience:g} s in vain for {what}; last seen: {value!r}")
        time.sleep(_LOOK_AGAIN)
