"""Waiting for runs to end, without their lines."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rankzero.backends.base import LogQuery, Unfetched
from rankzero.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from rankzero.agent.history import History
    from rankzero.backends.base import Backend


def until_end(backend: Backend, run: str) -> History:
    """Blocks until the run has ended; returns its history."""
    if not backend.run(run).finished:
        with suppress(Unfetched):
            for _ in backend.watch(run, LogQuery(ranks=frozenset())):
                pass  # its events are read again below, with what only the backend can tell
    return backend.run(run).history


def outputs_there(backend: Backend, run: str) -> Path | None:
    """Where they are; None where they are gone, which only `rankzero outputs` makes a fault of."""
    try:
        return backend.outputs(run)
    except Refused:
        return None
