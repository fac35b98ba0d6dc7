"""A node's log on another disk as well: byte for byte, under the same identity and offsets."""

import os

from rankzero.agent.logs import layout
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import LogWriter

#: The copy is not bounded: it is there to keep everything (bytes).
_ALL = 1 << 62
#: Bytes that are taken at once.
_BLOCK = 1024 * 1024
#: A crash took the note of a piece's generation: it was in one, most likely the first.
_FIRST = 1


class Copy:
    """A log folder that follows another one. Only its own thread or process uses it.

    dropped: bytes that the source had dropped before they could be copied.
    """

    def __init__(self, source: LogReader, folder: str) -> None:
        """folder: made here; a copy that was begun goes on. Errors: OSError."""
        os.makedirs(folder, exist_ok=True)
        _name(folder, source.book())
        self._source = source
        self._writer = LogWriter(folder, _ALL)
        self.dropped = 0

    def catch_up(self) -> None:
        """Copy what is new, also lines that have no end yet. Errors: OSError; the next call goes
        on where this one came to."""
        try:
            for rank in self._source.ranks():
                while self._take(rank):
                    pass
        except OSError:
            # A file that refused once may go on refusing: the next bytes get a new one.
            self._writer.close()
            raise

    def close(self) -> None:
        self._writer.close()

    def _take(self, rank: int) -> int:
        """The next bytes of a rank, each line with its time; how many they were."""
        offset = self._writer.end_of(rank)
        chunk, (starts, times) = self._source.window(rank, offset, _BLOCK, final=True)
        if not chunk.data:
            return 0
        if chunk.dropped:
            self._writer.skip(rank, chunk.dropped)
            self.dropped += chunk.dropped
        generation = chunk.generation or _FIRST
        for start, end, time in zip(starts, [*starts[1:], len(chunk.data)], times):
            self._writer.append(rank, generation, chunk.data[start:end], time)
        return len(chunk.data)


def _name(folder: str, book: str) -> None:
    """Offsets mean the same in both, so whoever has read one goes on in the other."""
    path = os.path.join(folder, layout.BOOK)
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            file.write(book)
