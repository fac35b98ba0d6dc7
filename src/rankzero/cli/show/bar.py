"""How far something has come, on one line of a terminal that is drawn again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rankzero.backends.base import Fetching
from rankzero.cli.show import terminal
from rankzero.cli.show.amounts import size
from rankzero.cli.show.passing import Passing
from rankzero.cli.show.terminal import Screen
from rankzero.why.words import count

#: Between two drawings (seconds).
_AGAIN = 0.1
_CELLS = 24


class Bar:
    """Of files on their way; where nobody looks, nothing is drawn. what: their name."""

    def __init__(self, screen: Screen, what: str = "outputs") -> None:
        self._line, self._what = Passing(screen), what
        self._drawn = 0.0

    def show(self, told: Fetching) -> None:
        now = time.monotonic()
        if self._line.moves and now - self._drawn >= _AGAIN:
            self._drawn = now
            self._line.draw(line_of(told, self._what))

    def clear(self) -> None:
        """Before anything else is written."""
        self._line.clear()


@contextmanager
def on_its_way() -> Iterator[Callable[[Fetching], None]]:
    """Shows, on a terminal, how far code is that is packed or sent."""
    bar = Bar(terminal.err(), "code")
    try:
        yield bar.show
    finally:
        bar.clear()


def line_of(told: Fetching, what: str = "outputs") -> str:
    """`outputs ########---------------- 12 MB of 40 MB, 3 files`"""
    full = _CELLS * told.done // told.total if told.total else _CELLS
    bar = "#" * full + "-" * (_CELLS - full)
    far = f"{size(told.done)} of {size(told.total)}, {count(told.files, 'file')}"
    return f"{what} {bar} {far}"
