"""A run watched from its folder and, while it lives, through its coordinator."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.agent import events as ev
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader
from rankzero.backends.base import Item, LogBlock, LogQuery
from rankzero.backends.following import Progress, block, follow
from rankzero.backends.local.dialling import Pauses, dial
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.viewer import Lost


class Watch:
    """One who looks at a run, and how far they have come."""

    def __init__(self, folder: RunFolder, query: LogQuery, events_from: int = 1) -> None:
        self._folder = folder
        nodes = folder.node_folders()
        self._seen = Progress(nodes, query, events_from)
        self._nodes = {node: nodes[node] for node in self._seen.offsets}

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
        ranks = self._seen.query.ranks
        cursors = []
        for node, path in self._nodes.items():
            reader = LogReader(str(path / "logs"))
            for rank in reader.ranks():
                if ranks is None or rank in ranks:
                    cursors.append(Cursor(reader, rank, self._offset(node, rank, reader), node))
            self._seen.begun.add(node)
        for cursor, chunk in merge(cursors, final=final):
            self._seen.offsets[cursor.node][cursor.rank] = chunk.next
            yield block(cursor.node, chunk)

    def _offset(self, node: str, rank: int, reader: LogReader) -> int:
        seen, query = self._seen, self._seen.query
        if rank in seen.offsets[node] or node in seen.begun:
            return seen.offsets[node].get(rank, 0)
        offset = 0
        if query.since is not None:
            offset = reader.offset_since(rank, query.since)
        if query.tail is not None:
            offset = max(offset, reader.offset_tail(rank, query.tail, final=True))
        return offset
