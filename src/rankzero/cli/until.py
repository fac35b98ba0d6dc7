"""Waiting for runs to end, without their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.backends.base import LogQuery

if TYPE_CHECKING:
    from rankzero.agent.history import History
    from rankzero.backends.base import Backend


def until_end(backend: Backend, run: str) -> History:
    """Blocks until the run has ended; returns its history."""
    if not backend.run(run).finished:
        for _ in backend.watch(run, LogQuery(ranks=frozenset())):
            pass  # its events are read again below, with what only the backend can tell
    return backend.run(run).history
