"""A pipeline watched from its folder and, while it is driven, through its driver."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from rankzero.agent.events import FINISHED, Event
from rankzero.backends.base import LogBlock, LogQuery, Note
from rankzero.backends.following import Progress, follow
from rankzero.backends.local.dialling import Pauses, dial
from rankzero.backends.ondisk import unseen
from rankzero.backends.viewer import Lost
from rankzero.pipelines.driving import NODE
from rankzero.pipelines.folder import PipelineFolder


def in_order(
    items: Iterable[Event | LogBlock | Note], known: Callable[[int], bool]
) -> Iterator[Event | LogBlock | Note]:
    """The same, lines never before the fact that says whose they are. known: whether an attempt's
    number is, once its fact was taken."""
    held: list[LogBlock] = []
    for item in items:
        if isinstance(item, LogBlock) and not known(item.rank):
            held.append(item)
            continue
        yield item
        yield from (one for one in held if known(one.rank))
        held = [one for one in held if not known(one.rank)]


class Watch:
    """One who looks at a pipeline, and how far they have come."""

    def __init__(self, folder: PipelineFolder, query: LogQuery, events_from: int = 1) -> None:
        self._folder = folder
        self._seen = Progress([NODE], query, events_from)

    def items(self) -> Iterator[Event | LogBlock]:
        """All there is and all that comes until it is over, or nobody drives it any more; its last
        fact comes after the last line."""
        pauses = Pauses()
        while not self._seen.over:
            alive = self._folder.lock.held()
            if alive:
                with contextlib.suppress(Lost), dial(self._folder, pauses) as viewer:
                    for item in follow(viewer, self._seen):
                        assert isinstance(item, (Event, LogBlock))
                        yield item
            yield from self._missed()
            if not alive:
                break
        yield from self.kept()
        if self._seen.end is not None:
            yield self._seen.end

    def _missed(self) -> Iterator[Event]:
        """Facts that are on the disk only."""
        for event in self._folder.events(self._seen.next_event):
            yield from self._seen.take(event)
            self._seen.over = self._seen.over or event.kind == FINISHED

    def kept(self) -> Iterator[LogBlock]:
        """The lines on the disk that were not given yet, merged by time."""
        return unseen([(NODE, self._folder.lines)], self._seen)
