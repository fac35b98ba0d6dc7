"""How far something has come, on one line of a terminal that is drawn again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rankzero.backends.base import Fetching
from rankzero.cli.show import terminal
from rankzero.cli.show.amounts import size
from rankzero.cli.show.terminal import DIM, Screen
from rankzero.why.words import count

#: Between two drawings (seconds).
_AGAIN = 0.1
_CELLS = 24
_CLEAR = "\r\x1b[K"


class Bar:
    """Of files on their way; where nobody looks, nothing is drawn. what: their name."""

    def __init__(self, screen: Screen, what: str = "outputs") -> None:
        self._screen, self._what = screen, what
        self._drawn = 0.0
        self._there = False

    def show(self, told: Fetching) -> None:
        now = time.monotonic()
        if not self._screen.tty or now - self._drawn < _AGAIN:
            return
        self._drawn, self._there = now, True
        line = self._screen.paint(line_of(told, self._what), DIM)
        self._screen.stream.write(_CLEAR + line)
        self._screen.stream.flush()

    def clear(self) -> None:
        """Before anything else is written."""
        if self._there:
            self._screen.stream.write(_CLEAR)
            self._screen.stream.flush()
            self._there = False


@contextmanager
def on_its_way() -> Iterator[Callable[[Fetching], None]]:
    """Shows, on a terminal, how far code is that is packed or sent."""
    bar = Bar(terminal.err(), "code")
    try:
        yield bar.show
    finally:
        bar.clear()


def line_of(told: Fetching, what: str = "outputs") -> str:
    """`  outputs ########---------------- 12 MB of 40 MB, 3 files`"""
    full = _CELLS * told.done // told.total if told.total else _CELLS
    bar = "#" * full + "-" * (_CELLS - full)
    far = f"{size(told.done)} of {size(told.total)}, {count(told.files, 'file')}"
    return f"  {what} {bar} {far}"
