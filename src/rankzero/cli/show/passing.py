"""A line on a terminal that is drawn again and again in its place, and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.cli.show.lines import visible
from rankzero.cli.show.terminal import DIM

if TYPE_CHECKING:
    from rankzero.cli.show.terminal import Screen

_CLEAR = "\r\x1b[K"


class Passing:
    """Of one screen. moves: whether it can be drawn at all: where there may be no colour, nothing
    may move either."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.moves = screen.tty and screen.colour
        self._line: str | None = None

    def draw(self, text: str) -> None:
        """As much of it as fits."""
        from rich.cells import cell_len, set_cell_size

        text = visible(text)
        if not self.moves or text == self._line:
            return
        self._line = text
        room = self._screen.width() - 3
        shown = set_cell_size(text, room).rstrip() + "…" if cell_len(text) > room else text
        self._write(_CLEAR + "  " + self._screen.paint(shown, DIM))

    def clear(self) -> None:
        """Before anything else is written."""
        if self._line is not None:
            self._line = None
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._screen.stream.write(text)
        self._screen.stream.flush()
