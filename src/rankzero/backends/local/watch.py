"""A run watched from its folder and, while it lives, through its coordinator."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.agent import events as ev
from rankzero.agent.answers import unpack
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import Chunk, LogReader
from rankzero.backends.base import Item, LogBlock, LogQuery
from rankzero.backends.local.dialling import Pauses, dial
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.viewer import Lost, Viewer


class Watch:
    """What has been seen of one run: the next event's number, an offset a node and rank."""

    def __init__(self, folder: RunFolder, query: LogQuery, events_from: int = 1) -> None:
        self._folder, self._query = folder, query
        self._next_event = events_from
        nodes = folder.node_folders()
        self._nodes = {
            node: path for node, path in nodes.items() if query.nodes is None or node in query.nodes
        }
        self._offsets: dict[str, dict[int, int]] = {node: {} for node in self._nodes}
        self._begun: set[str] = set()
        self._end: ev.Event | None = None
        self._over = False

    # -- from the disk

    def kept(self, *, final: bool = True) -> Iterator[LogBlock]:
        """The lines on the disk that were not given yet, merged by time."""
        cursors = []
        for node, path in self._nodes.items():
            reader = LogReader(str(path / "logs"))
            for rank in reader.ranks():
                if self._query.ranks is None or rank in self._query.ranks:
                    cursors.append(Cursor(reader, rank, self._offset(node, rank, reader), node))
            self._begun.add(node)
        for cursor, chunk in merge(cursors, final=final):
            self._offsets[cursor.node][cursor.rank] = chunk.next
            yield _block(cursor.node, chunk)

    def _offset(self, node: str, rank: int, reader: LogReader) -> int:
        if rank in self._offsets[node] or node in self._begun:
            return self._offsets[node].get(rank, 0)
        offset = 0
        if self._query.since is not None:
            offset = reader.offset_since(rank, self._query.since)
        if self._query.tail is not None:
            offset = max(offset, reader.offset_tail(rank, self._query.tail, final=True))
        return offset

    # -- live

    def items(self) -> Iterator[Item]:
        """All there is and all that comes, the last event at the very end.

        Errors: Refused where the run's coordinator does not take this run's token.
        """
        pauses = Pauses()
        while not self._over:
            if self._folder.alive():
                try:
                    yield from self._live(pauses)
                except Lost:
                    # The coordinator is gone; what it still wrote is on the disk.
                    yield from self._missed()
            else:
                yield from self._missed()
        yield from self.kept()
        if self._end is not None:
            yield self._end

    def _missed(self) -> Iterator[Item]:
        """Events that are on the disk only; the last one may be older than what is wanted."""
        for event in self._folder.events():
            if event.seq >= self._next_event:
                yield from self._take(event)
            self._over = self._over or event.kind == ev.FINISHED

    def _take(self, event: ev.Event) -> Iterator[ev.Event]:
        self._next_event = event.seq + 1
        if event.kind == ev.FINISHED:
            self._end, self._over = event, True
        else:
            yield event

    def _live(self, pauses: Pauses) -> Iterator[Item]:
        with dial(self._folder, pauses) as viewer:
            viewer.ask("events", **{"from": self._next_event})
            for node in self._nodes:
                self._ask_log(viewer, node)
            while not self._over:
                answer = viewer.next()
                if answer["type"] == "events":
                    for event in filter(None, map(ev.from_line, answer["events"])):
                        yield from self._take(event)
                    viewer.ask("events", **{"from": self._next_event})
                elif answer["type"] == "log":
                    yield from self._log(viewer, answer)

    def _log(self, viewer: Viewer, answer: dict[str, object]) -> Iterator[LogBlock]:
        node = str(answer["node"])
        chunks, offsets = answer["chunks"], answer["offsets"]
        assert isinstance(chunks, list)
        assert isinstance(offsets, dict)
        self._begun.add(node)
        for rank, offset in offsets.items():
            self._offsets[node][int(rank)] = offset
        # Asked before the lines are given out: the answer is under way while they are shown.
        self._ask_log(viewer, node)
        for chunk in map(unpack, chunks):
            yield _block(node, chunk)

    def _ask_log(self, viewer: Viewer, node: str) -> None:
        first = node not in self._begun
        viewer.ask(
            "log",
            node=node,
            offsets=self._offsets[node],
            ranks=None if self._query.ranks is None else sorted(self._query.ranks),
            since=self._query.since if first else None,
            tail=self._query.tail if first else None,
            wait=True,
        )


def _block(node: str, chunk: Chunk) -> LogBlock:
    return LogBlock(chunk.rank, node, chunk.generation, chunk.time, chunk.data, chunk.dropped)
