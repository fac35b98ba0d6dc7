"""Events on the screen of an attached run: only what a user would want to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.cli.show.amounts import size
from rankzero.why import Failure, phrase
from rankzero.why.words import count

Data = Mapping[str, Any]


def tell(event: ev.Event, before: History) -> str | None:
    """One line about an event, or None for one that is all in a day's work.

    before: the run's history up to the event.
    """
    teller = _TELLERS.get(event.kind)
    return None if teller is None else teller(event, before)


def _waiting(event: ev.Event, before: History) -> str:
    nodes = list(event.data.get("nodes") or event.data.get("for") or ())
    shown = ", ".join(nodes[:4]) + (f" and {len(nodes) - 4} more" if len(nodes) > 4 else "")
    until = event.data.get("until")
    limit = f" (at most {until - event.time:.0f} s more)" if until else ""
    return f"waiting for {shown}{limit}"


def _assigned(event: ev.Event, before: History) -> str | None:
    ranks = int(event.data.get("world_size") or 0)
    resized = before.world_size and before.world_size != ranks
    if not resized and not before.waiting_for:
        return None
    nodes = count(len(event.data.get("nodes") or ()), "node")
    return f"generation {event.data.get('generation')}: {nodes}, {count(ranks, 'rank')}"


def _restarting(event: ev.Event, before: History) -> str:
    data = event.data
    used, limit = int(data.get("restarts") or 0), int(data.get("max_restarts") or 0)
    cause = phrase(Failure.read(data["cause"])) if data.get("cause") else "the membership changed"
    if used == before.restarts:
        return f"generation {data.get('generation')}: goes on after {cause} (uses no restart)"
    budget = f"{used} of {count(limit, 'restart')}"
    return f"generation {data.get('generation')}: restarted after {cause} ({budget})"


def _node_lost(event: ev.Event, before: History) -> str:
    reason = event.data.get("reason")
    return f"lost node {event.data.get('node')}" + (f": {reason}" if reason else "")


def _stop_requested(event: ev.Event, before: History) -> str:
    by, grace = event.data.get("by"), event.data.get("grace_s")
    # A command's stop needs no name: mostly it is this one's.
    text = f"stopping: {by}" if by and by != "rankzero stop" else "stopping"
    return text if grace is None else f"{text} (killed after {grace:g} s)"


def _leftovers(event: ev.Event, before: History) -> str:
    left = event.data.get("processes")
    number = len(left) if isinstance(left, (list, tuple)) else int(left or 0)
    ended = "it was ended" if number == 1 else "they were ended"
    return f"rank {event.data.get('rank')} left {count(number, 'process')} running; {ended}"


def _log_dropped(event: ev.Event, before: History) -> str:
    dropped = size(int(event.data.get("bytes") or 0))
    rank = event.data.get("rank")
    return f"rank {rank}: the oldest {dropped} of its log were dropped (log_keep is full)"


def _notice(event: ev.Event, before: History) -> str:
    return f"note: {event.data.get('text')}"


_TELLERS: dict[str, Callable[[ev.Event, History], str | None]] = {
    ev.WAITING: _waiting,
    ev.ASSIGNED: _assigned,
    ev.RESTARTING: _restarting,
    ev.NODE_LOST: _node_lost,
    ev.STOP_REQUESTED: _stop_requested,
    ev.LEFTOVERS: _leftovers,
    ev.LOG_DROPPED: _log_dropped,
    ev.NOTICE: _notice,
}
