"""Writing what the ranks of a node print: bounded, in order, and readable after any crash."""

import bisect
import contextlib
import os
from typing import Callable, Dict, List, NamedTuple, Optional

from rankzero.agent.logs import layout
from rankzero.agent.logs.identity import name
from rankzero.agent.logs.index import Index
from rankzero.agent.logs.segment import Extent, Segment, WriteError

_LEAST, _MOST = 64 * 1024, 16 * 1024 * 1024
# Ranks that share a node share its `keep`: their open segments together take half of it.
_SMALLEST = 4096
_BLOCK = 1024 * 1024


class Dropped(NamedTuple):
    """What was deleted because `keep` was exceeded: the rank's bytes from `offset` on, and the
    lines that ended in them."""

    rank: int
    offset: int
    bytes: int
    lines: int


class _Kept(NamedTuple):
    """A segment that is not written any more; sorts by the time of its last byte."""

    time: float
    rank: int
    base: int
    size: int
    lines: Optional[int]


class LogWriter:
    """The one writer of a node's log folder.

    A new writer goes on where the last one ended, however that was; it begins new segments and
    never touches old ones, but to delete them. No method is safe to call from two threads.
    """

    def __init__(
        self,
        folder: str,
        keep: int,
        segment: Optional[int] = None,
        dropped: Optional[Callable[[Dropped], None]] = None,
        durable: bool = False,
    ) -> None:
        """keep: bytes of log kept on the node. When they are exceeded, the segment whose last
        byte is oldest goes, of whichever rank, and `dropped` is told; each rank's newest segment
        stays as long as there is another to delete. segment: bytes of a segment, by default a
        sixteenth of `keep`, at least 64 KiB and at most 16 MiB. durable: no segment ends before
        the disk has it. Errors: OSError.
        """
        self._folder = folder
        self._keep = keep
        self._segment = segment or min(max(keep // 16, _LEAST), _MOST)
        self._tell = dropped
        self._durable = durable
        self._open: Dict[int, Segment] = {}
        self._newest: Dict[int, _Kept] = {}
        self._older: List[_Kept] = []
        self._ends: Dict[int, int] = {}
        self._times: Dict[int, float] = {}
        self._bytes = 0
        os.makedirs(folder, exist_ok=True)
        with contextlib.suppress(OSError):  # the disk is full, as the first line will tell
            name(folder, os.urandom(8).hex())
        self._resume()

    def append(self, rank: int, generation: int, data: bytes, now: float) -> None:
        """Keep the next bytes of a rank; now: seconds since the epoch.

        Errors: WriteError (an OSError), for instance when the disk is full. Its `written` bytes
        are kept; the caller appends the rest again later, or says `skip` and goes on.
        """
        done = 0
        try:
            self._make_room(rank, len(data))
            while done < len(data):
                segment = self._segment_for(rank, generation)
                now = self._times[rank] = max(now, self._times.get(rank, 0.0))
                done += self._write(rank, segment, data[done:] if done else data, now)
        except WriteError as error:
            error.written += done
            raise
        except OSError as error:
            raise WriteError(error, error.filename or self._folder, done) from error

    def end_of(self, rank: int) -> int:
        """The offset of the rank's next byte."""
        return self._ends.get(rank, 0)

    def end(self, rank: int, now: float) -> None:
        """The rank's process ended: its last line is final even without a newline."""
        if rank in self._open:
            self._open[rank].end(now)
            self._close(rank)

    def skip(self, rank: int, count: int) -> None:
        """Give up `count` bytes that could not be written: readers see them as dropped."""
        if rank in self._open:
            self._close(rank)
        self._ends[rank] = self._ends.get(rank, 0) + count

    def sync(self) -> Dict[int, Extent]:
        """Wait until the disk has everything. How much that is of each rank's open segment.
        Errors: SyncError."""
        return {rank: segment.sync() for rank, segment in self._open.items()}

    def close(self) -> None:
        """Close all files. Everything given is with the system already. Errors: SyncError, once
        all are closed."""
        failed: Optional[OSError] = None
        for rank in list(self._open):
            try:
                self._close(rank)
            except OSError as error:
                failed = error
        if failed is not None:
            raise failed

    def _write(self, rank: int, segment: Segment, data: bytes, now: float) -> int:
        share = segment.share(data)
        before = segment.size
        try:
            segment.write(data if share == len(data) else data[:share], now)
        finally:
            self._bytes += segment.size - before
            self._ends[rank] += segment.size - before
        return share

    def _segment_for(self, rank: int, generation: int) -> Segment:
        """The open segment for the next byte. A generation has its own: what the one before left
        without a newline is a line of its own."""
        segment = self._open.get(rank)
        if segment is not None and (segment.full or segment.generation != generation):
            self._close(rank)
            segment = None
        if segment is None:
            base = self._ends.setdefault(rank, 0)
            limit = min(self._segment, max(self._keep // (2 * len(self._ends)), _SMALLEST))
            segment = Segment(self._folder, rank, base, generation, limit)
            self._open[rank] = segment
            before = self._newest.pop(rank, None)
            if before is not None and before.size:
                bisect.insort(self._older, before)
        return segment

    def _close(self, rank: int) -> None:
        segment = self._open.pop(rank)
        try:
            if self._durable:
                segment.sync()
        finally:
            segment.close()
        if segment.size:
            kept = _Kept(segment.time, rank, segment.base, segment.size, segment.lines)
            self._newest[rank] = kept

    def _make_room(self, rank: int, count: int) -> None:
        while self._bytes + count > self._keep:
            if not self._older and not self._retire_largest(rank):
                return
            self._drop(self._older.pop(0))

    def _retire_largest(self, writing: int) -> bool:
        """Only newest segments are left: make the largest an older one, with an empty successor
        that tells the next writer where the rank's stream stands."""
        sizes = {rank: kept.size for rank, kept in self._newest.items()}
        sizes.update((rank, segment.size) for rank, segment in self._open.items())
        sizes[writing] = 0
        rank = max(sizes, key=lambda rank: sizes[rank])
        if not sizes[rank]:
            return False
        if rank in self._open:
            self._close(rank)
        largest, end = self._newest[rank], self._ends[rank]
        os.close(os.open(layout.log_path(self._folder, rank, end), os.O_CREAT, 0o600))
        self._newest[rank] = largest._replace(base=end, size=0, lines=0)
        self._older.append(largest)
        return True

    def _drop(self, kept: _Kept) -> None:
        path = layout.log_path(self._folder, kept.rank, kept.base)
        lines = _count_lines(path) if kept.lines is None else kept.lines
        # The log first: a reader that has opened index and log, in this order, has a pair.
        _unlink(path)
        _unlink(layout.index_path(self._folder, kept.rank, kept.base))
        self._bytes -= kept.size
        if self._tell is not None:
            self._tell(Dropped(kept.rank, kept.base, kept.size, lines))

    def _resume(self) -> None:
        """Find what earlier writers left, and clear away what a crash left half made."""
        for rank, base in layout.orphans(self._folder):
            _unlink(layout.index_path(self._folder, rank, base))
        for rank, base in layout.segments(self._folder):
            status = os.stat(layout.log_path(self._folder, rank, base))
            index = Index(layout.index_path(self._folder, rank, base))
            last = index.last()
            index.close()
            time = max(last.time if last else status.st_mtime, self._times.get(rank, 0.0))
            before = self._newest.get(rank)
            if before is not None:
                self._older.append(before)
            self._newest[rank] = _Kept(time, rank, base, status.st_size, None)
            self._times[rank] = time
            self._ends[rank] = base + status.st_size
            self._bytes += status.st_size
        self._older.sort()


def _count_lines(path: str) -> int:
    try:
        with open(path, "rb", buffering=0) as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
    except FileNotFoundError:
        return 0


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
