"""A run on a cluster, watched from its submission to its last line, and read when it is over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

from rankzero.agent import events as ev
from rankzero.agent import testament
from rankzero.agent.healing.judging import ABOUT_NODES
from rankzero.agent.history import History, fold
from rankzero.backends.base import Awaited, Item, LogQuery, Note, Unfetched
from rankzero.backends.following import Progress, follow_to_the_last_line
from rankzero.backends.kubernetes import (
    kept,
    lines,
    looking,
    queueing,
    runs,
    state,
    surplus,
    trouble,
)
from rankzero.backends.kubernetes.awaiting import Awaiting
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import enter
from rankzero.backends.kubernetes.healing import Healing
from rankzero.backends.kubernetes.observing import STARTING, Observed
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.backends.kubernetes.turns.taking import Turns
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names

T = TypeVar("T")
#: Brings the outputs of a run out of its pods.
Fetch = Callable[[Found, Sequence[Object]], Iterator[Item]]

#: How long an API server that does not answer is tried again (seconds): longer than a control
#: plane's update takes.
OUTAGE = 600.0
#: Until a coordinator that has just cut a connection is asked again, if its pod stays as it is
#: (seconds): what a kubelet may take to tell that a container has ended.
_AGAIN = 1.0
#: By how much the cluster's word of a pod may come after the pod's own (seconds).
_LATE = 10.0
#: How long a machine that does not give the last lines is asked again (seconds): about as long as
#: a cluster takes to notice that it has died.
_LAST_LINES = 60.0


class Watch:
    """One who looks at a run. fetch is called once all lines are given, with a coordinator that
    is still there, and the run's pods."""

    def __init__(
        self,
        cluster: Cluster,
        run: str,
        query: LogQuery,
        events_from: int,
        fetch: Fetch | None,
        known: History,
    ) -> None:
        """known: the run's history so far; what of it is given out again, events_from says."""
        self._cluster, self._run, self._fetch = cluster, run, fetch
        self._found = runs.one(cluster, run)
        self._nodes = looking.nodes(self._found)
        self._seen = Progress(self._nodes, query, max(events_from, 1))
        # Of a run that is over, and whose end was seen, nothing newer ever comes.
        self._seen.over = known.final and events_from > known.last_seq
        self._history = known
        self._pod = ""
        # Who comes while it runs wants to know what pods before these have said.
        self._late = self._found.pod is not None
        self._barred = False
        self._unfetched: Refused | None = None

    def items(self) -> Iterator[Item]:
        """All there is and all that comes, the last event at the very end.

        Errors: Refused where the run was deleted, or this user may not look any more; Unfetched,
        at the very end, where fetch was refused.
        """
        with (
            Observed(self._cluster, self._run) as self._live,
            Healing(self._cluster, self._live) as self._healing,
            Turns(self._cluster, self._live) as self._turns,
        ):
            self._healing.learn(self._history)
            if self._history.generation or self._history.final:
                self._turns.end()
            self._awaiting = Awaiting(self._cluster, self._live, self._nodes)
            while not self._seen.exhausted and (yield from self._until_there()):
                yield from self._meet_coordinator()
                if self._barred:
                    yield from self._listen()
                else:
                    yield from self._through_coordinator()
                if self._seen.over and self._barred:
                    break
            yield from self._notes()
            if not self._seen.complete:
                yield from self._kept()
        with contextlib.suppress(Refused):  # who may only look leaves it to others
            queueing.give_back(self._cluster, self._found)
            surplus.let_go(self._cluster, self._found)
        if self._seen.end is not None:
            yield self._seen.end
        if self._unfetched is not None:
            raise Unfetched(str(self._unfetched), f"Try again: rankzero outputs {self._run}")

    def _until_there(self) -> Generator[Item, None, bool]:
        """Wait for a coordinator that can be asked; returns False where none will come any more."""
        told = False
        while True:
            version = self._live.version
            found = self._live.found
            if found is None:
                raise Refused(
                    f"{self._run} was deleted while it was watched.",
                    "What had come of it by then is above.",
                )
            self._found = found
            if self._live.silent_since is None:
                if found.listening:
                    return True
                if state.ending(found) is not None:
                    return False
                yield from self._awaited(None)
            elif not told:
                told = True
                yield Note(f"{self._silence}; trying again. The run goes on without it")
            elif time.monotonic() - self._live.silent_since > OUTAGE:
                raise self._given_up(self._silence)
            yield from self._notes()
            self._live.wait(version, _AGAIN)

    def _notes(self) -> Iterator[Note]:
        """What those beside this one have done."""
        yield from self._healing.notes()
        yield from self._turns.notes()

    def _meet_coordinator(self) -> Iterator[Item]:
        """One in another pod has another history: it knows nothing of what earlier ones told."""
        if self._pod == self._found.pod_uid:
            return
        earlier = self._patiently(lambda: kept.before(self._cluster, self._found))
        self._seen.base = 0
        for event in earlier:
            yield from self._taken(event)
        # Where their logs are gone, what was seen of them counts.
        first = self._pod == ""
        self._seen.base = len(earlier) if first else max(len(earlier), self._seen.next_event - 1)
        self._pod = self._found.pod_uid

    def _through_coordinator(self) -> Iterator[Item]:
        """As long as the connection lasts."""
        version = self._live.version
        try:
            yield from self._entered()
        except (Lost, trouble.Unreachable):
            self._live.wait(version, _AGAIN)
        except trouble.Forbidden as said:
            if self._seen.books and self._live.up_since + STARTING > time.monotonic():
                self._live.wait(version, _AGAIN)
                return
            self._barred = True
            yield Note(f"{said.args[0]}; so lines come when the run has ended, and no outputs")

    def _listen(self) -> Iterator[Item]:
        """Without the right to enter the pod: its log tells the history."""
        version = self._live.version
        with contextlib.suppress(trouble.Unreachable):
            for event in kept.follow(self._cluster, self._found):
                yield from self._taken(event)
                yield from self._notes()
                if self._seen.over:
                    return
        self._live.wait(version, _AGAIN)

    def _entered(self) -> Iterator[Item]:
        """Errors: Lost, also where the pod goes in silence, with its machine."""
        with enter(self._cluster, self._found) as viewer:

            def cut_where_gone() -> None:
                found = self._live.found
                if found is None or found.pod_uid != self._pod or not found.listening:
                    viewer.cut()

            with self._live.on_change(cut_where_gone):
                yield from self._earlier()
                for item in follow_to_the_last_line(viewer, self._seen, self._beside):
                    if isinstance(item, ev.Event):
                        self._learn(item)
                    yield from self._notes()
                    yield item
            self._note_end()
            if self._fetch is None:
                return
            try:
                yield from self._fetch(self._found, self._told_pods())
                viewer.release()
            except Refused as refused:
                self._unfetched = refused

    def _told_pods(self) -> Sequence[Object]:
        """The pods, once the cluster has heard that those run whose agents have been here: of a
        short run it hears a second late."""
        here = looking.here(self._history)
        end = time.monotonic() + _LATE
        while (left := end - time.monotonic()) > 0:
            version, pods = self._live.version, self._live.pods
            late = (pod for pod in pods if state.phase(pod) == "Pending")
            if here.isdisjoint(map(state.node, late)):
                break
            self._live.wait(version, left)
        return self._live.pods

    def _earlier(self) -> Iterator[Item]:
        """Of who comes late, once."""
        if self._late:
            try:
                yield from lines.earlier(self._cluster, self._found, self._seen)
            except Refused as said:
                yield Note(f"{said.args[0]}; so lines of earlier pods are missing")
            self._late = False

    def _taken(self, event: ev.Event) -> Iterator[ev.Event]:
        """It, where it is new: learnt from, and given out."""
        for new in self._seen.take(event):
            self._learn(new)
            yield new

    def _learn(self, event: ev.Event) -> None:
        self._history = fold([event], self._history)
        if event.kind in ABOUT_NODES:
            self._healing.learn(self._history)
        if event.kind == ev.RUNNING:
            self._live.deaf()
            self._turns.end()

    def _beside(self) -> Iterator[Item]:
        """What was done for a run that has a coordinator, and what it waits for that has not all
        of its nodes."""
        yield from self._notes()
        if self._history.state in (ev.WAITING_STATE, ev.RESTARTING_STATE):
            yield from self._awaited(looking.here(self._history))

    def _awaited(self, here: set[str] | None) -> Iterator[Item]:
        found = self._awaiting.standing(here, time.time())
        if found is not None and found.waiting:
            yield Awaited(found)
            if found.seen.ending:  # whoever deletes the namespace waits for this run's Jobs
                with contextlib.suppress(Refused):
                    self._cluster.delete("Job", self._found.job["metadata"]["name"])

    def _note_end(self) -> None:
        """For whoever looks from elsewhere: the coordinator's pod stays a while, or goes at once.
        Without the right to change it they have to ask the pod."""
        if self._seen.end is None:  # it had ended before this one came
            return
        told = testament.short({**self._seen.end.data, "finished": self._seen.end.time})
        notes = {names.ENDED: told.decode("ascii")}
        job = self._found.job["metadata"]["name"]
        with contextlib.suppress(Refused):
            self._cluster.patch("Job", job, {"metadata": {"annotations": notes}})

    def _kept(self) -> Iterator[Item]:
        """What the pods' logs tell beyond what was seen."""
        self._seen.base = 0
        for event in self._patiently(lambda: kept.events(self._cluster, self._found)):
            if event.seq >= self._seen.next_event:
                yield from self._taken(event)
        self._told_pods()  # before that a machine says that a pod has no log
        yield from self._kept_lines()
        if not self._seen.over:
            self._seen.end = kept.last(self._found, self._seen.next_event)

    def _kept_lines(self) -> Iterator[Item]:
        """A machine that has just died is given up after a while, and not asked any more."""
        end = time.monotonic() + _LAST_LINES
        while True:
            version = self._live.version
            try:
                yield from kept.lines(self._cluster, self._run, self._seen)
                return
            except trouble.Unreachable as said:
                if time.monotonic() > end:
                    yield Note(f"{said.args[0]}; so some last lines are missing")
                    return
            self._live.wait(version, _AGAIN)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Again and again while the API server, or a pod's machine behind it, does not answer.

        Errors: Refused.
        """
        end = time.monotonic() + OUTAGE
        while True:
            version = self._live.version
            try:
                return work()
            except trouble.Unreachable as said:
                if time.monotonic() > end:
                    raise self._given_up(str(said.args[0])) from said
            self._live.wait(version, _AGAIN)

    @property
    def _silence(self) -> str:
        return str(self._live.trouble.args[0]) if self._live.trouble is not None else ""

    def _given_up(self, silence: str) -> Refused:
        return Refused(
            f"{silence}, for {OUTAGE:g} s now; the run may go on without it.",
            f"Follow it later: rankzero attach {self._run}",
        )
