"""Every line of every rank, marked with its rank, on the agent's own stdout: a pod's log.

The coordinator's has the run's history too, an event a line, marked with rankzero's name: when the
pods have ended, this log is all that is left of a run beside its outcome.
"""

import os
import select

from rankzero.agent.logs.printed import Printer, own
from rankzero.agent.loop import Loop

#: What may wait for a slow reader (bytes); what comes beyond it is left out, and a note of where
#: the log goes on tells how much that was: the log on disk has it, and no rank must wait.
PENDING = 4 * 1024 * 1024
#: How long the end waits for a reader that takes nothing (seconds).
CLOSING = 2
_STDOUT = 1


class Echo:
    """Whole lines only, so that ranks never cut each other's."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._pending = bytearray()
        self._printer = Printer("")
        os.set_blocking(_STDOUT, False)

    def begin(self, book: str) -> None:
        """Before the first line: the identity of the log on disk."""
        self._printer = Printer(book)

    def write(self, rank: int, generation: int, offset: int, block: bytes) -> None:
        """The next bytes of a rank, the first of which is its `offset`-th on this node."""
        self._queue(self._printer.write(rank, generation, offset, block))

    def end(self, rank: int) -> None:
        """The rank has ended: a last line without its newline is a line."""
        self._queue(self._printer.end(rank))

    def event(self, line: str) -> None:
        """One line of the history."""
        self._queue(own(line))

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
        if not data:
            return
        if len(self._pending) + len(data) > PENDING:
            self._printer.lost()
            return
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
