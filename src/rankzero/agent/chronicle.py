"""The run's history on disk: appended line by line, readable after a crash at any point."""

import contextlib
import os
from typing import Any, Callable, Dict, List, Optional

from rankzero.agent import events as ev
from rankzero.agent.history import History, fold

#: A file beside the history that is given up on a full disk, so that its end can be written.
RESERVE = "reserve"


class Chronicle:
    """Appends events and keeps them at hand for viewers. `on_event` is called for each.

    A history on this disk that an earlier coordinator began is taken up where it ends. One that has
    its end stays as it is: whoever follows it has gone, or says at once that this was all.
    """

    def __init__(self, path: Optional[str], on_event: Callable[[ev.Event], None]) -> None:
        """path: None keeps it in memory only. Errors: OSError."""
        self._on_event = on_event
        self.events: List[ev.Event] = []
        self._fd = -1
        self.failed: Optional[str] = None
        self._reserve = os.path.join(os.path.dirname(path or ""), RESERVE)
        if path is not None:
            self.events = read(path)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            _end_torn_line(self._fd)

    def history(self) -> History:
        return fold(self.events)

    def add(self, now: float, kind: str, data: Dict[str, Any]) -> None:
        """Write one event. A disk that refuses is remembered in `failed`; viewers get it still."""
        if self.events and self.events[-1].kind == ev.FINISHED:
            return
        seq = self.events[-1].seq + 1 if self.events else 1
        event = ev.Event(seq, now, kind, data)
        self.events.append(event)
        if self._fd >= 0:
            self._write((ev.to_line(event) + "\n").encode("utf-8", "replace"))
        self._on_event(event)

    def _write(self, line: bytes) -> None:
        try:
            line = line[os.write(self._fd, line) :]
            if line:  # the disk took a part of it: the rest says why not all
                os.write(self._fd, line)
        except OSError as error:
            if self._give_up_reserve():
                self._write(b"\n" + line)
            else:
                self.failed = error.strerror or str(error)

    def _give_up_reserve(self) -> bool:
        """On a full disk, make room for the end of the history; False where there is no more."""
        try:
            os.unlink(self._reserve)
        except OSError:
            return False
        return True

    def since(self, seq: int, most: int) -> List[ev.Event]:
        """The events from this number on, at most so many."""
        first = len(self.events)
        while first > 0 and self.events[first - 1].seq >= seq:
            first -= 1
        return self.events[first : first + most]

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def read(path: str) -> List[ev.Event]:
    """The events in a file; a torn or foreign line is passed over, a missing file is empty."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = [ev.from_line(line) for line in file]
    except FileNotFoundError:
        return []
    return [event for event in found if event is not None]


def _end_torn_line(fd: int) -> None:
    """A crash in mid-write left half a line: end it, so that the next one is whole."""
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        with contextlib.suppress(OSError):  # a full disk: what is written next makes room
            os.write(fd, b"\n")
