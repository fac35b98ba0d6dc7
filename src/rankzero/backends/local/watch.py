"""A run watched from its folder and, while it lives, through its coordinator."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.agent import events as ev
from rankzero.backends.base import Item, LogBlock, LogQuery
from rankzero.backends.following import Progress, follow
from rankzero.backends.local.dialling import Pauses, dial
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.ondisk import unseen
from rankzero.backends.viewer import Lost


class Watch:
    """One who looks at a run, and how far they have come."""

    def __init__(self, folder: RunFolder, query: LogQuery, events_from: int = 1) -> None:
        self._folder = folder
        nodes = folder.node_folders()
        self._seen = Progress(nodes, query, events_from)
        self._logs = [(node, nodes[node] / "logs") for node in self._seen.nodes]

    def items(self) -> Iterator[Item]:
        """All there is and all that comes, the last event at the very end.

        Errors: Refused where the run's coordinator does not take this run's token.
        """
        pauses = Pauses()
        while not self._seen.over:
            if self._folder.alive():
                try:
                    with dial(self._folder, pauses) as viewer:
                        yield from follow(viewer, self._seen)
                except Lost:
                    # The coordinator is gone; what it still wrote is on the disk.
                    yield from self._missed()
            else:
                yield from self._missed()
        yield from self.kept()
        if self._seen.end is not None:
            yield self._seen.end

    def _missed(self) -> Iterator[Item]:
        """Events that are on the disk only; the last one may be older than what is wanted."""
        for event in self._folder.events():
            if event.seq >= self._seen.next_event:
                yield from self._seen.take(event)
            self._seen.over = self._seen.over or event.kind == ev.FINISHED

    def kept(self, *, final: bool = True) -> Iterator[LogBlock]:
        """The lines on the disk that were not given yet, merged by time."""
        return unseen(self._logs, self._seen, final=final)
