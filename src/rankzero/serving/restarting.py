"""Whether, and when, a worker that has ended gets a successor. Pure."""

from __future__ import annotations

from typing import NamedTuple

#: A worker that was ready for so long has done well (seconds).
_WELL = 60.0
_LONGEST = 30.0


class Ended(NamedTuple):
    """asked: it said before that it leaves, and why. served: for how long it was ready (seconds; 0:
    never). failures: how many before it, one after the other, ended on their own and soon."""

    asked: str | None
    served: float
    failures: int


class Successor(NamedTuple):
    """A new worker, so many seconds from now; failures: as the next one's `Ended` has them."""

    after: float
    failures: int


def successor(ended: Ended, started: bool) -> Successor | None:
    """started: whether the server has ever been ready. Before that an end is final: whoever started
    it is there to read why. Later a server goes on, and waits longer from one failure to the
    next."""
    if ended.asked is not None:
        return Successor(0.0, 0)
    if not started:
        return None
    if ended.served >= _WELL:
        return Successor(0.0, 0)
    return Successor(min(_LONGEST, 2.0**ended.failures - 1), ended.failures + 1)
