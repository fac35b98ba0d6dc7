"""Reading a segment's index, which may be missing, torn, or ahead of its log."""

import os
from typing import List, NamedTuple, Optional

from rankzero.agent.logs.layout import ENDED, WIDTH, Entry

_BLOCK = 128 * WIDTH


class Times(NamedTuple):
    """When the lines of a stretch of log were read: the line at `starts[i]` (counted from the
    stretch's first byte) and those after it at `times[i]`; `starts[0]` is 0."""

    starts: List[int]
    times: List[float]


class Index:
    """An index, open for reading. Entries stand in order of offset and of time; a torn last
    one is left out, and one that is no entry at all counts as the end."""

    def __init__(self, path: str) -> None:
        """A missing file reads as an empty index. Errors: OSError for any other trouble."""
        self._fd = -1
        self._count = 0
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        self._count = os.fstat(self._fd).st_size // WIDTH

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def first(self) -> Optional[Entry]:
        return self._entry(0)

    def last(self) -> Optional[Entry]:
        return self._entry(self._count - 1)

    def at(self, offset: int) -> Optional[Entry]:
        """The entry that covers this offset."""
        return self._entry(self._find(offset))

    def ended(self, offset: int) -> bool:
        """Whether the rank's process ended at this offset."""
        last = self.last()
        return last is not None and last.generation == ENDED and last.offset == offset

    def since(self, time: float) -> Optional[Entry]:
        """The first entry that is later than `time`."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            entry = self._entry(middle)
            if entry is None or entry.time > time:
                high = middle
            else:
                low = middle + 1
        return self._entry(low)

    def between(self, start: int, end: int, otherwise: float) -> Times:
        """The times of the lines from `start` up to `end`; `otherwise` where none is known."""
        found = max(self._find(start), 0)
        starts, times = [0], [otherwise]
        while found < self._count:
            block = os.pread(self._fd, _BLOCK, found * WIDTH)
            for begin in range(0, len(block) - WIDTH + 1, WIDTH):
                entry = _parse(block[begin : begin + WIDTH])
                if entry is None or entry.offset >= end:
                    return Times(starts, times)
                if entry.offset - start <= starts[-1]:
                    times[-1] = entry.time
                else:
                    starts.append(entry.offset - start)
                    times.append(entry.time)
            found += max(len(block) // WIDTH, 1)
        return Times(starts, times)

    def _find(self, offset: int) -> int:
        """The last entry at or before an offset; -1 where there is none."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            entry = self._entry(middle)
            if entry is None or entry.offset > offset:
                high = middle
            else:
                low = middle + 1
        return low - 1

    def _entry(self, number: int) -> Optional[Entry]:
        if not 0 <= number < self._count:
            return None
        return _parse(os.pread(self._fd, WIDTH, number * WIDTH))


def _parse(line: bytes) -> Optional[Entry]:
    try:
        offset, time, generation = line.split()
        return Entry(int(offset), float(time), int(generation))
    except ValueError:
        return None
