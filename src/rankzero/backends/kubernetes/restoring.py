"""A pod's log made into the log folder that its agent had, so that it is read in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rankzero.agent.logs import layout
from rankzero.agent.logs.printed import Note, Piece, parse
from rankzero.agent.logs.writer import LogWriter
from rankzero.backends.kubernetes.state import seconds

#: Everything is kept: it was bounded when it was printed (bytes).
_ALL = 1 << 62
#: A crash took the note of a piece's generation: it was in one, most likely the first.
_FIRST = 1


class _Start(NamedTuple):
    """Where the first piece of a rank that there is stands."""

    offset: int
    generation: int


def restore(printed: Path, folder: Path) -> None:
    """printed: what the API server gives of a pod's log, with timestamps. folder: made here.

    What rotation took at the beginning, and what the agent left out, is skipped there: readers
    see it as dropped.
    """
    starts, book = _starts(printed)
    folder.mkdir()
    if book:
        (folder / layout.BOOK).write_text(book, encoding="ascii")
    writer = LogWriter(str(folder), _ALL)
    generations = {rank: start.generation for rank, start in starts.items()}
    for rank, start in starts.items():
        writer.skip(rank, start.offset)
    time = 0.0
    for time, line in _parsed(printed):
        if isinstance(line, Piece):
            writer.append(line.rank, generations.get(line.rank, _FIRST), line.data, time)
            continue
        generations[line.rank] = line.generation
        if line.offset > writer.end_of(line.rank):
            writer.skip(line.rank, line.offset - writer.end_of(line.rank))
    for rank in generations:
        writer.end(rank, time)
    writer.close()


def _starts(printed: Path) -> tuple[dict[int, _Start], str]:
    """Of each rank that a note tells of; and the log's identity."""
    starts: dict[int, _Start] = {}
    before: dict[int, int] = {}
    book = ""
    for _, line in _parsed(printed):
        if isinstance(line, Piece):
            before[line.rank] = before.get(line.rank, 0) + len(line.data)
        elif line.rank not in starts:
            offset = max(line.offset - before.get(line.rank, 0), 0)
            starts[line.rank], book = _Start(offset, line.generation), line.book
    return starts, book


def _parsed(printed: Path) -> Iterator[tuple[float, Note | Piece]]:
    """With the time at which the container runtime got each (seconds since the epoch)."""
    with printed.open("rb") as file:
        for line in file:
            stamp, _, text = line.removesuffix(b"\n").partition(b" ")
            found = parse(text)
            if found is not None:
                yield seconds(stamp.decode("ascii", "replace")), found
