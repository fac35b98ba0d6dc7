"""A watched run, step by step: the watch itself tells a test when to act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rankzero.agent.events import FINISHED, Event
from rankzero.agent.history import History, fold
from rankzero.backends.base import Backend, Item, LogBlock, LogQuery


class Following:
    """What a watch has yielded so far."""

    def __init__(
        self, backend: Backend, run: str, query: LogQuery | None = None, events_from: int = 1
    ) -> None:
        self.events: list[Event] = []
        self.blocks: list[LogBlock] = []
        self.last: Item | None = None
        self._items = backend.watch(run, query or LogQuery(), events_from=events_from)

    def until(self, condition: Callable[[], bool]) -> Following:
        """Go on until the condition holds; fails where the run ends before."""
        while not condition():
            item = next(self._items, None)
            assert item is not None, f"the run ended before: {self.kinds}, {self.history.cause}"
            self._take(item)
        return self

    def until_lines(self, count: int, line: bytes = b"up") -> Following:
        """Until ranks have written this line so often."""
        return self.until(lambda: self.lines().count(line) >= count)

    def until_lines_of(self, count: int) -> Following:
        """Until ranks have written so many lines, whatever they say."""
        return self.until(lambda: len(self.lines()) >= count)

    def until_event(self, kind: str, times: int = 1) -> Following:
        return self.until(lambda: self.kinds.count(kind) >= times)

    def to_end(self) -> Following:
        """All the rest. A watch ends with the event that ends the run, and with nothing else."""
        for item in self._items:
            self._take(item)
        assert isinstance(self.last, Event)
        assert self.last.kind == FINISHED
        return self

    def _take(self, item: Item) -> None:
        if isinstance(item, LogBlock):
            self.last = item
            self.blocks.append(item)
        elif isinstance(item, Event):
            self.last = item
            self.events.append(item)

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    @property
    def history(self) -> History:
        return fold(self.events)

    def of_kind(self, kind: str) -> list[Any]:
        return [event.data for event in self.events if event.kind == kind]

    def bytes(self, rank: int) -> bytes:
        """All that a rank wrote, of all generations."""
        return b"".join(block.data for block in self.blocks if block.rank == rank)

    def lines(self) -> list[bytes]:
        """All lines of all ranks, whoever wrote them."""
        return b"".join(block.data for block in self.blocks).splitlines()
