"""Every line of every rank, marked with its rank, on the agent's own stdout: a pod's log.

The coordinator's has the run's history too, an event a line, marked with rankzero's name: when the
pods have ended, this log is all that is left of a run beside its outcome.
"""

import os
import select
from typing import Dict

from rankzero.agent.logs.mark import mark
from rankzero.agent.loop import Loop

#: What may wait for a slow reader (bytes); what comes beyond it is counted and left out, for
#: the log on disk has it, and no rank must wait.
PENDING = 4 * 1024 * 1024
#: How long the end waits for a reader that takes nothing (seconds).
CLOSING = 2
_STDOUT = 1
_LONGEST = 1024 * 1024
#: What marks rankzero's own lines.
_OWN = b"[rankzero] "


class Echo:
    """Whole lines only, so that ranks never cut each other's."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._pending = bytearray()
        self._partial: Dict[int, bytes] = {}
        self._left_out = 0
        os.set_blocking(_STDOUT, False)

    def write(self, rank: int, block: bytes) -> None:
        data = self._partial.pop(rank, b"") + block
        cut = data.rfind(b"\n") + 1
        if not cut and len(data) > _LONGEST:
            data, cut = data + b"\n", len(data) + 1
        if data[cut:]:
            self._partial[rank] = data[cut:]
        if cut:
            self._queue(mark(data[:cut], b"[%d] " % rank))

    def end(self, rank: int) -> None:
        """The rank has ended: a last line without its newline is a line."""
        partial = self._partial.pop(rank, b"")
        if partial:
            self._queue(mark(partial, b"[%d] " % rank))

    def event(self, line: str) -> None:
        """One line of the history."""
        self._queue(_OWN + line.encode("utf-8", "replace") + b"\n")

    def close(self) -> None:
        """Write what is pending, as long as the reader takes it."""
        self._loop.watch(_STDOUT)
        poller = select.poll()
        poller.register(_STDOUT, select.POLLOUT)
        while self._pending and poller.poll(CLOSING * 1000):
            before = len(self._pending)
            self._write()
            if len(self._pending) == before:
                return

    def _queue(self, data: bytes) -> None:
        if len(self._pending) + len(data) > PENDING:
            self._left_out += data.count(b"\n")
            return
        if self._left_out:
            self._pending += _OWN + b"%d lines left out: the reader is slow\n" % self._left_out
            self._left_out = 0
        self._pending += data
        self._flush()

    def _flush(self) -> None:
        self._write()
        self._loop.watch(_STDOUT, write=self._flush if self._pending else None)

    def _write(self) -> None:
        try:
            sent = os.write(_STDOUT, self._pending)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._pending.clear()
            sent = 0
        del self._pending[:sent]
