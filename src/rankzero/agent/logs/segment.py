"""One segment while it is written: the log, its index, and what both hold."""

import os
from typing import NamedTuple, Optional

from rankzero.agent.logs.layout import (
    ENDED,
    INTERVAL,
    MAX_LINE,
    WIDTH,
    Entry,
    entry_to_bytes,
    index_path,
    log_path,
)

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
# Where lines are so short that the index outgrows the log by this much, it gets one entry a
# second until the log has caught up: the index, which `keep` does not count, stays in bounds.
_INDEX_LEAD = 64 * 1024
_SLOW_INTERVAL = 1.0


class Extent(NamedTuple):
    """How much there is of a segment: where it begins, and the bytes of log and index."""

    base: int
    size: int
    indexed: int


class WriteError(OSError):
    """A log could not be written; errno and filename say why and where.

    written: how many of the bytes given are in the log nevertheless.
    """

    def __init__(self, error: OSError, path: str, written: int) -> None:
        super().__init__(error.errno, error.strerror, path)
        self.written = written


class SyncError(WriteError):
    """What was written before may be lost: a disk that is reached over a network says so late."""


class Segment:
    """An open segment. `time` is that of its last byte, in seconds since the epoch."""

    def __init__(self, folder: str, rank: int, base: int, generation: int, limit: int) -> None:
        """Create its files, empty. limit: bytes after which it ends with the next line.
        Errors: OSError."""
        self.base = base
        self.generation = generation
        self.size = 0
        self.lines = 0
        self.time = 0.0
        self.path = log_path(folder, rank, base)
        self._limit = limit
        self._whole = True
        self._noted = 0.0
        self._indexed = 0
        self._entered = 0
        self._synced: Optional[Extent] = None
        self._index = os.open(index_path(folder, rank, base), _FLAGS, 0o600)
        try:
            self._log = os.open(self.path, _FLAGS, 0o600)
        except OSError:
            os.close(self._index)
            raise

    @property
    def full(self) -> bool:
        """Whether the next byte belongs to the next segment. A segment ends with a line, except
        where that would make it longer by more than the longest line."""
        over = self.size - self._limit
        return over >= MAX_LINE or (over >= 0 and self._whole)

    def share(self, data: bytes) -> int:
        """How many of the next bytes belong to this segment; it is not full."""
        room = self._limit - self.size
        if len(data) <= room:
            return len(data)
        line = data.find(b"\n", max(room - 1, 0), room + MAX_LINE) + 1
        return line or min(len(data), room + MAX_LINE)

    def write(self, data: bytes, now: float) -> None:
        """Append bytes. The index goes first, so that whoever sees a byte can see its time.
        Errors: WriteError; what was written is accounted for."""
        written = 0
        try:
            self._note(data, now)
            while written < len(data):
                count = os.write(self._log, data[written:] if written else data)
                self.lines += data.count(b"\n", written, written + count)
                self.size += count
                written += count
        except OSError as error:
            self._forget()
            raise WriteError(error, self.path, written) from error
        finally:
            if written:
                self._whole = data[written - 1] == 10
                self.time = now

    def end(self, now: float) -> None:
        """The process behind it ended: a last line without a newline is all there will be of it.
        On a full disk this goes unsaid, until the rank's next segment says it too."""
        if not self._whole:
            self._enter(Entry(self.base + self.size, max(now, self.time), ENDED))

    def sync(self) -> Extent:
        """Wait until the disk has all of it. Errors: SyncError."""
        extent = Extent(self.base, self.size, self._indexed)
        if extent != self._synced:
            try:
                os.fsync(self._index)
                os.fsync(self._log)
            except OSError as error:
                raise SyncError(error, self.path, 0) from error
            self._synced = extent
        return extent

    def close(self) -> None:
        """Errors: SyncError; it is closed nevertheless."""
        try:
            try:
                os.close(self._index)
            finally:
                os.close(self._log)
        except OSError as error:
            raise SyncError(error, self.path, 0) from error

    def _note(self, data: bytes, now: float) -> None:
        """Enter the first line that begins in these bytes, if an entry is due."""
        slow = self._indexed > self.size + _INDEX_LEAD
        due = now - self._noted >= (_SLOW_INTERVAL if slow else INTERVAL)
        if self._indexed and not due:
            return
        start = 0 if self._whole else data.find(b"\n") + 1
        if start < len(data) and (start or self._whole):
            self._enter(Entry(self.base + self.size + start, now, self.generation))

    def _forget(self) -> None:
        """Take back the last entry if its line was not written: another may come in its place."""
        if self._indexed and self._entered >= self.base + self.size:
            self._indexed -= WIDTH
            self._noted = 0.0
            os.ftruncate(self._index, self._indexed)

    def _enter(self, entry: Entry) -> None:
        try:
            count = os.write(self._index, entry_to_bytes(entry))
        except OSError:
            count = 0
            if self._indexed == 0:
                raise
        if count == WIDTH:
            self._indexed += WIDTH
            self._entered, self._noted = entry.offset, entry.time
        else:
            # A torn entry would shift all that follow. One entry less only makes times coarser,
            # and if the disk is full the log itself will say so.
            os.ftruncate(self._index, self._indexed)
