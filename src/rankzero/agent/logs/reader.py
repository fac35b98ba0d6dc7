"""Reading a node's logs, also while they are written, and after any crash of the writer."""

import bisect
import os
import time as clock
from typing import Dict, List, NamedTuple, Optional, Tuple

from rankzero.agent.logs import layout
from rankzero.agent.logs.identity import identity
from rankzero.agent.logs.index import Index, Times
from rankzero.agent.logs.layout import INTERVAL, MAX_LINE
from rankzero.agent.logs.lines import last_lines, whole_lines

# A folder's modification time is only as fine as the kernel's tick: a listing made this soon
# after it may miss a file of the same tick, and is not kept.
_SETTLED_NS = 100_000_000


class Chunk(NamedTuple):
    """Whole lines of one rank and one generation, as the rank wrote them.

    offset: of the first byte of `data` in the rank's stream on this node, counted from its
        beginning; never starts again. next: where to read on.
    time: when the first line was read from the rank, in seconds since the epoch.
    generation: 0 where a crash took the note of it.
    dropped: bytes between the offset asked for and `offset` that are not kept any more.
    data: ends with a newline, except a piece of a line longer than `MAX_LINE` (the rest follows),
        a last line that its process left without one, or what `final` asked for. Empty when
        there is nothing new.
    """

    rank: int
    offset: int
    next: int
    time: float
    generation: int
    dropped: int
    data: bytes


class Window(NamedTuple):
    """A chunk with the times of all its lines."""

    chunk: Chunk
    times: Times


class LogReader:
    """Reads a node's log folder; in any process, any number at once, next to the writer.

    It keeps no file open and no position: an offset is all there is to a cursor. Everywhere,
    `final` says that no more will be written, so a last line without a newline is whole. A viewer
    of progress bars asks so, too, when such a line has stood for a second; what follows of the
    line then comes as another piece. Errors: OSError for trouble with the disk.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._bases: Dict[int, List[int]] = {}
        self._stamp = -1

    def book(self) -> str:
        """Which log this is: offsets mean nothing in another, such as that of the pod that has
        taken a node's place. Empty where nothing was ever written."""
        return identity(self._folder)

    def ranks(self) -> List[int]:
        """The ranks that have logs here, in order."""
        self._refresh()
        return list(self._bases)

    def extent(self, rank: int) -> Tuple[int, int]:
        """The offsets of the first byte kept and of the end; (0, 0) for an unknown rank."""
        while True:
            bases = self._segments(rank)
            if not bases:
                return 0, 0
            size = _size(layout.log_path(self._folder, rank, bases[-1]))
            if size is not None:
                return bases[0], bases[-1] + size
            self._stamp = -1

    def read(
        self,
        rank: int,
        offset: int,
        limit: int = MAX_LINE,
        final: bool = False,
        until: Optional[float] = None,
    ) -> Chunk:
        """The next lines from an offset on: at most `limit` bytes, or one line, and, with
        `until`, none that was read later than then, but always at least one."""
        chunk, times = self.window(rank, offset, limit, final)
        cut = len(chunk.data)
        if until is not None:
            later = bisect.bisect_right(times.times, until, 1)
            cut = times.starts[later] if later < len(times.starts) else cut
        return chunk._replace(data=chunk.data[:cut], next=chunk.offset + cut)

    def window(self, rank: int, offset: int, limit: int, final: bool = False) -> Window:
        """As `read`, with the times of the lines in the chunk."""
        while True:
            bases = self._segments(rank)
            if not bases:
                break
            number = max(bisect.bisect_right(bases, offset) - 1, 0)
            sealed = number + 1 < len(bases)
            found = self._window(rank, bases[number], offset, limit, final, sealed)
            if found is None:
                self._stamp = -1  # deleted since it was listed
            elif found.chunk.data or not sealed:
                return found
            else:
                after = self.window(rank, bases[number + 1], limit, final)
                chunk = after.chunk
                return after._replace(chunk=chunk._replace(dropped=chunk.offset - offset))
        return Window(Chunk(rank, offset, offset, 0.0, 0, 0, b""), Times([0], [0.0]))

    def offset_since(self, rank: int, time: float) -> int:
        """Where the lines begin that were read at `time` or later, give or take `INTERVAL`."""
        for base in self._segments(rank):
            index = Index(layout.index_path(self._folder, rank, base))
            entry = index.since(time - INTERVAL)
            index.close()
            if entry is not None and entry.generation != layout.ENDED:
                return max(entry.offset, base)
        return self.extent(rank)[1]

    def offset_tail(self, rank: int, lines: int, final: bool = False) -> int:
        """Where the last `lines` lines begin. A line still being written comes on top of them."""
        offset = self.extent(rank)[1]
        bases = self._segments(rank)
        for number in range(len(bases) - 1, -1, -1):
            if lines <= 0:
                break
            sealed = number + 1 < len(bases)
            offset, lines = self._tail(rank, bases[number], lines, final or sealed, offset)
        return offset

    def _window(
        self, rank: int, base: int, offset: int, limit: int, final: bool, sealed: bool
    ) -> Optional[Window]:
        """Lines of one segment, None when it is gone; sealed: it has a successor."""
        index = Index(layout.index_path(self._folder, rank, base))
        log = -1
        try:
            log = os.open(layout.log_path(self._folder, rank, base), os.O_RDONLY | os.O_CLOEXEC)
            status = os.fstat(log)
            end = base + status.st_size
            start = max(offset, base)
            final = final or sealed or (start + max(limit, MAX_LINE) >= end and index.ended(end))
            data = whole_lines(log, start - base, end - base, limit, final)
            entry = index.at(start) or index.first()
            times = index.between(start, start + len(data), status.st_mtime)
            generation = entry.generation if entry else 0
            chunk = Chunk(
                rank, start, start + len(data), times.times[0], generation, start - offset, data
            )
            return Window(chunk, times)
        except FileNotFoundError:
            return None
        finally:
            index.close()
            if log >= 0:
                os.close(log)

    def _segments(self, rank: int) -> List[int]:
        self._refresh()
        return self._bases.get(rank, [])

    def _refresh(self) -> None:
        """List the folder again if a file came or went."""
        try:
            stamp = os.stat(self._folder).st_mtime_ns
        except FileNotFoundError:
            stamp = -1
        if stamp == self._stamp and stamp >= 0:
            return
        bases: Dict[int, List[int]] = {}
        for rank, base in layout.segments(self._folder):
            bases.setdefault(rank, []).append(base)
        self._bases = bases
        self._stamp = stamp if clock.time_ns() - stamp > _SETTLED_NS else -1

    def _tail(self, rank: int, base: int, lines: int, final: bool, offset: int) -> Tuple[int, int]:
        """Where the last `lines` lines of a segment begin, and how many lines are still wanted;
        `offset` and `lines` again when the segment is gone."""
        try:
            log = os.open(layout.log_path(self._folder, rank, base), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return offset, lines
        try:
            end = os.fstat(log).st_size
            if not end:
                return base, lines
            if not final and os.pread(log, 1, end - 1) != b"\n":
                index = Index(layout.index_path(self._folder, rank, base))
                lines += not index.ended(base + end)
                index.close()
            start, found = last_lines(log, end, lines)
            return base + start, lines - found
        finally:
            os.close(log)


def _size(path: str) -> Optional[int]:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return None
