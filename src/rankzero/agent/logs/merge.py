"""The lines of many ranks, of one node or many, in the order of time.

By blocks, not by lines: what a rank wrote while no other rank wrote comes as one chunk. The order
of each rank's lines is always exact. Between ranks the order is that of the times in the indexes:
lines that two ranks wrote within 0.1 s of each other come in either order, and between nodes
the order is as good as their clocks.
"""

import bisect
import heapq
from typing import Iterable, Iterator, List, Protocol, Tuple

from rankzero.agent.logs.index import Times
from rankzero.agent.logs.layout import INTERVAL
from rankzero.agent.logs.reader import Chunk, Window

#: Bytes of a merged chunk. Below 128 KiB, where glibc turns from memory that it has to fresh
#: pages of the system: marking a larger chunk takes six times as long a byte.
CHUNK = 64 * 1024
# What the cursors of a merge read ahead: together this at most, each of them CHUNK at least.
_MEMORY, _AHEAD = 16 * 1024 * 1024, 124 * 1024
_NEVER = float("inf")
_NOTHING = Window(Chunk(0, 0, 0, 0.0, 0, 0, b""), Times([0], [0.0]))


class Source(Protocol):
    """Where a cursor reads: a `LogReader`, or something that asks one far away."""

    def extent(self, rank: int) -> Tuple[int, int]: ...

    def window(self, rank: int, offset: int, limit: int, final: bool = False) -> Window: ...


class Cursor:
    """A place in one rank's log on one node, for `merge` to move on.

    offset: the next byte to give. It is all that must be remembered to go on another time.
    time: when the line there was read; only while `fill` says that there is one.
    """

    def __init__(self, source: Source, rank: int, offset: int = 0, node: str = "") -> None:
        self.source = source
        self.rank = rank
        self.offset = offset
        self.node = node
        self.time = 0.0
        self._window = _NOTHING
        self._number = 0

    def fill(self, ahead: int, final: bool) -> bool:
        """Have the next lines at hand; False when there are none."""
        if self.offset >= self._window.chunk.next:
            self._window = self.source.window(self.rank, self.offset, ahead, final)
            if not self._window.chunk.data:
                self._window = _NOTHING
                return False
            self.offset = self._window.chunk.offset
            self._number = 0
        self.time = self._window.times.times[self._number]
        return True

    def take(self, until: float, limit: int) -> Chunk:
        """The next lines: those up to `until`, within `limit`, but at least one."""
        chunk, (starts, times) = self._window
        start = self.offset - chunk.offset
        number = self._number + 1
        while number < len(times) and times[number] <= until:
            number += 1
        end = starts[number] if number < len(starts) else len(chunk.data)
        if end - start > limit:
            line = chunk.data.rfind(b"\n", start, start + limit)
            end = (line if line >= 0 else chunk.data.find(b"\n", start, end)) + 1 or end
            number = bisect.bisect_right(starts, end) - 1
        self._number = number
        first, self.offset = self.offset, chunk.offset + end
        dropped, data = 0 if start else chunk.dropped, chunk.data[start:end]
        return Chunk(self.rank, first, self.offset, self.time, chunk.generation, dropped, data)


def merge(
    cursors: Iterable[Cursor],
    limit: int = CHUNK,
    final: bool = False,
    grain: float = INTERVAL,
) -> Iterator[Tuple[Cursor, Chunk]]:
    """What the logs hold now, in the order of time, in chunks of at most `limit` bytes, or one
    line. A cursor has moved on when its chunk is given; to follow, merge the same cursors again
    when there is something new. final: as for `LogReader`. grain: lines whose times differ by
    less than this, in seconds, come in either order; coarser is faster."""
    all_cursors = list(cursors)
    ahead = max(min(_AHEAD, _MEMORY // max(len(all_cursors), 1)), limit)
    # A writer faster than this reader must not keep it here for ever.
    ends = [cursor.source.extent(cursor.rank)[1] for cursor in all_cursors]
    heap: List[Tuple[float, int]] = []
    for number, cursor in enumerate(all_cursors):
        if cursor.offset < ends[number] and cursor.fill(ahead, final):
            heap.append((cursor.time, number))
    heapq.heapify(heap)
    while heap:
        number = heap[0][1]
        cursor = all_cursors[number]
        following = min(heap[1:3])[0] if len(heap) > 1 else _NEVER
        yield cursor, cursor.take(following + grain, limit)
        if cursor.offset < ends[number] and cursor.fill(ahead, final):
            heapq.heapreplace(heap, (cursor.time, number))
        else:
            heapq.heappop(heap)
