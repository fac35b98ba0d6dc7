"""A node's log on another disk as well: byte for byte, under the same identity and offsets."""

import contextlib
import os
from typing import Dict

from rankzero.agent.logs import layout
from rankzero.agent.logs.identity import name
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.segment import Extent, SyncError
from rankzero.agent.logs.writer import LogWriter

#: The copy is not bounded: it is there to keep everything (bytes).
_ALL = 1 << 62
#: Bytes that are taken at once, and those after which the disk is waited for.
_BLOCK, _AHEAD = 1024 * 1024, 16 * 1024 * 1024
#: A crash took the note of a piece's generation: it was in one, most likely the first.
_FIRST = 1


class Copy:
    """A log folder that follows another one. Only its own thread or process uses it.

    A disk that is reached over a network takes bytes and says later, or when a file is closed,
    that it could not keep them: what counts is what it has synced, and the rest is copied again.

    dropped: bytes that the source had dropped before they could be copied.
    """

    def __init__(self, source: LogReader, folder: str) -> None:
        """folder: made here; a copy that was begun goes on. Errors: OSError."""
        os.makedirs(folder, exist_ok=True)
        name(folder, source.book())  # offsets mean the same in both
        self._source, self._folder = source, folder
        self._writer = self._begun()
        self._synced = _extents(folder)
        self._doubtful = False
        self._ahead = self._skipped = self.dropped = 0

    def catch_up(self) -> None:
        """Copy what is new, also lines that have no end yet. Errors: OSError; the next call goes
        on where this one came to, as far as the disk has it."""
        if self._doubtful:
            self._go_back()
        self._doubtful = True
        try:
            for rank in self._source.ranks():
                while self._take(rank):
                    if self._ahead >= _AHEAD:
                        self._settle()
        except SyncError:
            raise
        except OSError:
            self._settle()
            # A file that refused once may go on refusing: the next bytes get a new one.
            self._writer.close()
            self._doubtful = False
            raise
        self._settle()
        self._doubtful = False

    def close(self) -> None:
        """Errors: OSError; what was copied is on the disk even so."""
        self._writer.close()

    def _begun(self) -> LogWriter:
        return LogWriter(self._folder, _ALL, durable=True)

    def _take(self, rank: int) -> int:
        """The next bytes of a rank, each line with its time; how many they were."""
        offset = self._writer.end_of(rank)
        chunk, (starts, times) = self._source.window(rank, offset, _BLOCK, final=True)
        if not chunk.data:
            return 0
        if chunk.dropped:
            self._writer.skip(rank, chunk.dropped)
            self._skipped += chunk.dropped
        generation = chunk.generation or _FIRST
        for start, end, time in zip(starts, [*starts[1:], len(chunk.data)], times):
            self._writer.append(rank, generation, chunk.data[start:end], time)
        self._ahead += len(chunk.data)
        return len(chunk.data)

    def _settle(self) -> None:
        """The disk has what was copied up to now."""
        self._synced.update(self._writer.sync())
        self.dropped += self._skipped
        self._ahead = self._skipped = 0

    def _go_back(self) -> None:
        """Take away what the disk may lack, so that it is copied again. Errors: OSError."""
        with contextlib.suppress(OSError):
            self._writer.close()
        for rank, base in layout.segments(self._folder):
            self._cut(rank, base, self._synced.get(rank, _NOTHING))
        self._writer = self._begun()
        self._ahead = self._skipped = 0

    def _cut(self, rank: int, base: int, synced: Extent) -> None:
        """Segments before the last one that was synced are whole."""
        log = layout.log_path(self._folder, rank, base)
        index = layout.index_path(self._folder, rank, base)
        if base > synced.base or (base == synced.base and not synced.size):
            os.unlink(log)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(index)
        elif base == synced.base:
            os.truncate(log, synced.size)
            with contextlib.suppress(FileNotFoundError):
                os.truncate(index, synced.indexed)


#: Of a rank that has no segment yet.
_NOTHING = Extent(0, 0, 0)


def _extents(folder: str) -> Dict[int, Extent]:
    """Of each rank's last segment that is there."""
    found = {}
    for rank, base in layout.segments(folder):
        log, index = layout.log_path(folder, rank, base), layout.index_path(folder, rank, base)
        found[rank] = Extent(base, _size(log), _size(index))
    return found


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0
