"""Reading a segment's index, which may be missing, torn, or ahead of its log."""

import os
from typing import List, NamedTuple, Optional

from rankzero.agent.logs.layout import ENDED, WIDTH, Entry

# Entries read at once; halving ends within one block, and most indexes are hardly more.
_BLOCK = 256
_DIGITS = 16


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
        self._first = 0
        self._block = b""
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
        starts, times = [0], [otherwise]
        for number in range(max(self._find(start), 0), self._count):
            entry = _parse(self._line(number))
            if entry is None or entry.offset >= end:
                break
            if entry.offset - start <= starts[-1]:
                times[-1] = entry.time
            else:
                starts.append(entry.offset - start)
                times.append(entry.time)
        return Times(starts, times)

    def _find(self, offset: int) -> int:
        """The last entry at or before an offset; -1 where there is none. Digits of equal number
        sort as what they stand for, so nothing is parsed."""
        digits = b"%016d" % offset
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._line(middle)[:_DIGITS] > digits:
                high = middle
            else:
                low = middle + 1
        return low - 1

    def _entry(self, number: int) -> Optional[Entry]:
        return _parse(self._line(number)) if 0 <= number < self._count else None

    def _line(self, number: int) -> bytes:
        place = number - self._first
        if not 0 <= place * WIDTH < len(self._block):
            self._first = number - number % _BLOCK
            self._block = os.pread(self._fd, _BLOCK * WIDTH, self._first * WIDTH)
            place = number - self._first
        return self._block[place * WIDTH : place * WIDTH + WIDTH]


def _parse(line: bytes) -> Optional[Entry]:
    try:
        return Entry(int(line[:_DIGITS]), float(line[17:31]), int(line[32:]))
    except ValueError:
        return None
