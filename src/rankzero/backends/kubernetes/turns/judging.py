"""Who waits for room, who came first, and whether to step back. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from rankzero.agent.healing.pods import Object, phase
from rankzero.backends.kubernetes import state
from rankzero.plan.kubernetes import names

_REFUSED = ("False", "Unschedulable")


class Turn(NamedTuple):
    """What stands on the first Job of a run that has stepped back, as `names.TURN`. after: runs
    that it lets go first. beat: goes up for as long as somebody sees to it that it begins again."""

    after: tuple[str, ...] = ()
    beat: int = 0

    @classmethod
    def read(cls, text: str) -> Turn:
        """One that somebody else has written over says nothing."""
        try:
            told = json.loads(text)
            return cls(tuple(map(str, told["after"])), int(told["beat"]))
        except (ValueError, KeyError, TypeError):
            return cls()

    def __str__(self) -> str:
        return json.dumps(self._asdict())


class Waiter(NamedTuple):
    """A run, as far as room is concerned. came: when it was submitted. placed: how many of its
    pods have a machine, of `needed`. refused: whether the scheduler has none for some. turn: where
    it has stepped back."""

    run: str
    came: float
    placed: int
    needed: int
    refused: bool = False
    turn: Turn | None = None

    @property
    def waits(self) -> bool:
        return self.turn is not None or (self.refused and self.placed < self.needed)


def waiters(jobs: Iterable[Object], pods: Iterable[Object]) -> list[Waiter]:
    """All runs behind these objects that have not ended, and that no queue starts."""
    pods = list(pods)
    of: dict[str, list[Object]] = {}
    for pod in pods:
        of.setdefault(str(pod["metadata"]["labels"].get(names.RUN)), []).append(pod)
    runs = state.found((job for job in jobs if names.ROLE in job["metadata"]["labels"]), pods)
    going = (one for one in runs if names.QUEUE not in one.job["metadata"]["labels"])
    return [waiter(one, of.get(one.run, [])) for one in going if state.ending(one) is None]


def waiter(found: state.Found, pods: Sequence[Object]) -> Waiter:
    """pods: the run's own."""
    open_ = [one for one in pods if phase(one) in ("Pending", "Running")]
    open_ = [one for one in open_ if "deletionTimestamp" not in one["metadata"]]
    text = state.annotation(found.job, names.TURN)
    return Waiter(
        run=found.run,
        came=found.created,
        placed=sum(1 for one in open_ if one["spec"].get("nodeName")),
        needed=_needed(found),
        refused=any(map(_unplaced, open_)),
        turn=Turn.read(text) if text and found.job["spec"].get("suspend") else None,
    )


def ahead(me: Waiter, others: Iterable[Waiter], abandoned: Collection[str]) -> list[Waiter]:
    """The older ones that this one may be in the way of, the first one first: those that hold a
    part of what they need, or have stepped back. One that holds nothing may never get anything,
    and is in nobody's way. abandoned: runs that have stepped back, and that nobody will have begin
    again."""
    older = [
        one
        for one in others
        if (one.came, one.run) < (me.came, me.run)
        and one.waits
        and (one.placed or one.turn is not None)
        and not (one.turn is not None and one.run in abandoned)
    ]
    return sorted(older, key=lambda one: (one.came, one.run))


class Leases:
    """Whether somebody still sees to runs that have stepped back: by how long their beat has stood
    still on this machine's clock, as no two machines agree about the time."""

    def __init__(self, patience: float, clock: Callable[[], float]) -> None:
        self._patience, self._clock = patience, clock
        self._seen: dict[str, tuple[int, float]] = {}

    def abandoned(self, waiting: Iterable[Waiter]) -> list[str]:
        now, found = self._clock(), []
        for one in waiting:
            if one.turn is None:
                self._seen.pop(one.run, None)
                continue
            beat, since = self._seen.get(one.run, (None, now))
            if beat != one.turn.beat:
                self._seen[one.run] = one.turn.beat, now
            elif now - since > self._patience:
                found.append(one.run)
        return found


def _unplaced(pod: Object) -> bool:
    """Whether the scheduler has no machine for it."""
    return any(
        one["type"] == "PodScheduled" and (one["status"], one.get("reason")) == _REFUSED
        for one in pod.get("status", {}).get("conditions", ())
    )


def _needed(found: state.Found) -> int:
    """How many pods it takes to begin."""
    nodes = found.plan.get("nodes") or [{}]
    least = Counter({one["name"]: one["minimum"] for one in nodes[0].get("roles", ())})
    return least.total() or sum(int(one["spec"].get("completions") or 0) for one in found.jobs)
