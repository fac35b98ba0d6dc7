"""Lines that stand at the bottom of a terminal and are redrawn in place."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.cli.show.terminal import Screen

#: How often it is drawn at most, and at least: the times in it go on (seconds).
_TICK = 0.25


class Live:
    """Nothing at all where there is no terminal, or where nothing may move on it.

    draw: gives the lines, each no wider than the screen. It is called only while whoever changes
    what is drawn is not `aside`.
    """

    def __init__(self, screen: Screen, draw: Callable[[], Sequence[str]]) -> None:
        self._screen, self._draw = screen, draw
        # Where there may be no colour, nothing may move either.
        self._moves = screen.tty and screen.colour
        # A signal's handler asks in the middle of whatever its thread does.
        self._turn = threading.RLock()
        self._closed = threading.Event()
        self._drawn = 0
        if self._moves:
            threading.Thread(target=self._tick, daemon=True).start()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Room for something else to be written; a moment later it is drawn anew."""
        with self._turn:
            self._clear()
            yield

    def close(self) -> None:
        """Take it away for good."""
        self._closed.set()
        with self._turn:
            self._clear()

    def _tick(self) -> None:
        while not self._closed.wait(_TICK):
            with self._turn:
                self._clear()
                self._show()

    def _clear(self) -> None:
        if self._drawn:
            self._screen.stream.write(f"\x1b[{self._drawn}F\x1b[J")
            self._screen.stream.flush()
            self._drawn = 0

    def _show(self) -> None:
        if self._closed.is_set():
            return
        lines = self._draw()
        if lines:
            self._screen.say("\n".join(lines))
        self._drawn = len(lines)
