"""A run on a cluster, watched from its submission to its last line, and read when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rankzero.agent import events as ev
from rankzero.agent.pod import submission
from rankzero.backends.base import Item, LogQuery
from rankzero.backends.following import Progress, follow_to_the_last_line
from rankzero.backends.kubernetes import kept, runs, state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.entering import enter
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.viewer import Lost


class Watch:
    """One who looks at a run. on_end is called once all lines are given, with a coordinator that
    is still there."""

    def __init__(
        self,
        cluster: Cluster,
        run: str,
        query: LogQuery,
        events_from: int,
        on_end: Callable[[Found], None],
    ) -> None:
        self._cluster, self._run, self._on_end = cluster, run, on_end
        found = runs.one(cluster, run)
        self._seen = Progress(nodes(found), query, max(events_from, 1))
        self._found = found
        self._pod = ""

    def items(self) -> Iterator[Item]:
        """All there is and all that comes, the last event at the very end."""
        while not self._seen.complete and self._until_there():
            self._meet_coordinator()
            try:
                with enter(self._cluster, self._found) as viewer:
                    yield from follow_to_the_last_line(viewer, self._seen)
                    self._on_end(self._found)
            except Lost:
                continue
        if not self._seen.complete:
            yield from self._kept()
        if self._seen.end is not None:
            yield self._seen.end

    def _meet_coordinator(self) -> None:
        """One in another pod has another history."""
        assert self._found.pod is not None
        pod = str(self._found.pod["metadata"]["uid"])
        if self._pod not in ("", pod):
            self._seen.renew()
        self._pod = pod

    def _until_there(self) -> bool:
        """Wait for a coordinator that can be asked; False where none will come any more."""
        for found in runs.changes(self._cluster, self._run):
            self._found = found
            if state.ending(found) is not None:
                return False
            if found.listening:
                return True
        return False

    def _kept(self) -> Iterator[Item]:
        """What the pods' logs tell beyond what was seen."""
        self._seen.base = 0
        for event in kept.events(self._cluster, self._found):
            if event.seq >= self._seen.next_event:
                yield from self._seen.take(event)
        yield from kept.lines(self._cluster, self._run, self._seen)
        if self._seen.end is None:
            self._seen.end = kept.last(self._found, self._seen.next_event)


def nodes(found: Found) -> list[str]:
    """The nodes that the run asked for, by name."""
    return [f"{node['role']}/{node['index']}" for node in found.plan.get("nodes", ())]


def submitted(found: Found) -> ev.Event:
    """The history of a run that no pod has begun yet."""
    max_restarts = int(found.plan.get("job", {}).get("max_restarts", 0))
    return ev.Event(1, found.created, ev.SUBMITTED, submission(found.run, max_restarts))
