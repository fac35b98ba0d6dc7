"""Nodes' logs on a disk here, as agents write them, read on from where a viewer has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rankzero.agent.answers import begin
from rankzero.agent.logs.merge import Cursor, merge
from rankzero.agent.logs.reader import LogReader
from rankzero.backends.base import LogBlock
from rankzero.backends.following import Progress, block


def unseen(
    logs: Iterable[tuple[str, Path]], progress: Progress, *, final: bool = True
) -> Iterator[LogBlock]:
    """The lines that were not given out yet, merged by time. logs: (node, its log folder); a node
    may have had several. final: whether no more is written there."""
    ranks = progress.query.ranks
    asked = {"since": progress.query.since, "tail": progress.query.tail}
    offsets_of: dict[Cursor, dict[int, int]] = {}
    for node, folder in logs:
        reader = LogReader(str(folder))
        book = progress.books[node] = reader.book()
        known = progress.read.get(book)
        offsets = progress.read.setdefault(book, {})
        for rank in reader.ranks():
            if ranks is None or rank in ranks:
                start = (
                    begin(reader, asked, rank, final=True) if known is None else known.get(rank, 0)
                )
                offsets_of[Cursor(reader, rank, start, node)] = offsets
    for cursor, chunk in merge(offsets_of, final=final):
        offsets_of[cursor][cursor.rank] = chunk.next
        yield block(cursor.node, chunk)
