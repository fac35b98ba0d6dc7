"""Whoever watches a run that waits for room has it step back for older ones, and begin again."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from rankzero.backends.kubernetes import state, trouble
from rankzero.backends.kubernetes.beside import Beside
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.turns.judging import Leases, Turn, Waiter, ahead, waiter, waiters
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.state import Found, Object

#: A run that nobody has shown to care for within `LEASE` is not waited for; whoever cares shows it
#: every `BEAT` (seconds).
LEASE, BEAT = 60.0, 15.0
#: How long a run asks for room before it steps back: a part of its `wait`, and at most so long
#: (seconds). Machines that come by themselves come for pods that wait.
SHARE, LONGEST = 0.25, 60.0


class Turns(Beside):
    """Of one run, until it has begun."""

    def __init__(self, cluster: Cluster, live: Observed) -> None:
        super().__init__(live)
        self._cluster = cluster
        self._all: Observed | None = None
        self._wide = contextlib.ExitStack()
        self._leases = Leases(LEASE, time.monotonic)
        self._barred = False
        self._since: float | None = None
        self._beat, self._beaten = -1, 0.0
        self._ours: Turn | None = None

    def __exit__(self, *left: Any) -> None:  # noqa: ANN401
        super().__exit__(*left)
        self._thread.join()  # it may have to begin again what waits

    # -- in the thread

    def _ended(self) -> None:
        self._close()
        with contextlib.suppress(Refused):
            self._leave(self._live.found)

    def _leave(self, found: Found | None) -> None:
        """Where this one was the last to see to it that the run begins again, nobody else may."""
        if found is None or self._ours is None or state.ending(found) is not None:
            return
        if waiter(found, ()).turn == self._ours:
            self._begin_again(found)

    def _look(self) -> float | None:
        found = self._live.found
        if found is None or state.ending(found) is not None or names.QUEUE in _labels(found):
            self._close()
            return None
        try:
            return None if self._barred else self._take(found)
        except trouble.Forbidden:
            self._barred = True  # who may only look leaves it to others
            return None

    def _take(self, found: Found) -> float | None:
        me = waiter(found, self._live.pods)
        if me.turn is not None:
            return self._stand_in_line(found, me, me.turn)
        self._ours = None
        if not (me.waits and me.placed):  # one that holds nothing is in nobody's way
            self._since = None
            self._close()
            return None
        self._since = self._since or time.monotonic()
        patience = min(LONGEST, SHARE * float(found.plan.get("job", {}).get("wait") or LONGEST))
        left = self._since + patience - time.monotonic()
        if left > 0:
            return left
        first = self._first(me)
        if first:
            self._step_back(found, me, first)
        return BEAT

    def _stand_in_line(self, found: Found, me: Waiter, turn: Turn) -> float:
        first = self._first(me)
        if not first:
            self._since = None
            self._begin_again(found)
            self._say("it is its turn: it asks for its nodes again")
            return BEAT
        if turn.beat != self._beat:  # somebody has, this one or another
            self._beat, self._beaten = turn.beat, time.monotonic()
        # One that comes later leaves it to who was there, as long as that is there.
        patience = BEAT if self._ours is not None else 2 * BEAT
        if time.monotonic() > self._beaten + patience - 1:
            self._stand(found, Turn(_named(first), turn.beat + 1))
        return BEAT

    def _first(self, me: Waiter) -> list[Waiter]:
        """Those before it, but for those in line for whom nobody cares. Errors: Refused."""
        if self._all is None:
            everybody = Observed(self._cluster, "rankzero", names.MANAGED_BY)
            self._all = self._wide.enter_context(everybody)
            self._wide.enter_context(self._all.on_change(self._news.set))
        others = waiters(self._all.jobs, self._all.pods)
        return ahead(me, others, self._leases.abandoned(others))

    def _close(self) -> None:
        self._all = None
        self._wide.close()

    def _step_back(self, found: Found, me: Waiter, first: list[Waiter]) -> None:
        self._stand(found, Turn(_named(first), 1))
        self._say(
            f"gives {me.placed} of its {me.needed} nodes back and waits for its turn: "
            f"{', '.join(_named(first))} came first"
        )

    def _stand(self, found: Found, turn: Turn) -> None:
        """All of it, also what another one has begun and not done."""
        self._ours, self._beat, self._beaten = turn, turn.beat, time.monotonic()
        change = {"metadata": {"annotations": {names.TURN: str(turn)}}, "spec": {"suspend": True}}
        self._change(found.job, change)
        for job in found.jobs:
            if not job["spec"].get("suspend") and not _is(job, found.job):
                self._change(job, {"spec": {"suspend": True}})

    def _begin_again(self, found: Found) -> None:
        """The first Job last: what it starts finds the others on their way."""
        for job in found.jobs:
            if not _is(job, found.job):
                self._change(job, {"spec": {"suspend": False}})
        change = {"metadata": {"annotations": {names.TURN: None}}, "spec": {"suspend": False}}
        self._change(found.job, change)
        self._ours = None

    def _change(self, job: Object, change: dict[str, Any]) -> None:
        """As it was seen, and not after somebody else has changed it: stopped it, say. Errors:
        Refused, also then."""
        seen = {"resourceVersion": job["metadata"]["resourceVersion"]}
        change = {**change, "metadata": {**change.get("metadata", {}), **seen}}
        self._cluster.patch("Job", job["metadata"]["name"], change)


def _labels(found: Found) -> dict[str, str]:
    labels: dict[str, str] = found.job["metadata"]["labels"]
    return labels


def _is(job: Object, other: Object) -> bool:
    return bool(job["metadata"]["name"] == other["metadata"]["name"])


def _named(waiting: list[Waiter]) -> tuple[str, ...]:
    return tuple(one.run for one in waiting)
