"""A clock that nobody waits for, and what is to come."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from random import Random

#: So many things at one moment are no coincidence: somebody spins.
SPINNING = 3000


class Violation(AssertionError):
    """A promise was broken."""


class Timer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class World:
    """`now` is in seconds. Everything random comes from `random`, so a seed tells all."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 1000.0
        self.trace: list[tuple[float, str]] = []
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = itertools.count()

    def at(self, when: float, call: Callable[[], None]) -> Timer:
        timer = Timer(call)
        heapq.heappush(self._heap, (max(when, self.now), next(self._count), timer))
        return timer

    def after(self, delay: float, call: Callable[[], None]) -> Timer:
        return self.at(self.now + delay, call)

    def say(self, text: str) -> None:
        self.trace.append((self.now, text))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def between(self, low: float, high: float) -> float:
        return self.random.uniform(low, high)

    def run(self, until: float, done: Callable[[], bool]) -> None:
        """Let things happen until `done`, or until that moment."""
        at_once = 0
        while self._heap and self._heap[0][0] <= until and not done():
            when, _, timer = heapq.heappop(self._heap)
            if timer.call is None:
                continue
            at_once = at_once + 1 if when == self.now else 0
            if at_once > SPINNING:
                raise Violation("somebody spins: time stands still")
            self.now = when
            timer.call()

    def story(self, last: int = 400) -> str:
        """What happened, for people."""
        return "\n".join(f"{when - 1000:9.3f}  {text}" for when, text in self.trace[-last:])
