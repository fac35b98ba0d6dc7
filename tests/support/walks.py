"""What a walk of a pipeline is given, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rankzero.driver import engine as do
from rankzero.driver import facts
from rankzero.driver.facts import Output, Part


class InMemory:
    """A ledger, a cache and a doer in one: the test ends parts itself."""

    def __init__(
        self, *known: facts.Fact, kept: Mapping[str, Mapping[str, Output]] | None = None
    ) -> None:
        """known: what the ledger holds already. kept: of an earlier walk, its cache."""
        self.facts = [*known]
        self.kept = dict(kept or {})
        self.begun: list[do.Start] = []
        self.stopped: list[tuple[Part, bool]] = []
        self.left = self.flushed = 0
        self.outlives = False

    def read(self) -> Iterable[facts.Fact]:
        return [*self.facts]

    def append(self, fact: facts.Fact) -> None:
        self.facts.append(fact)

    def find(self, key: str) -> Mapping[str, Output] | None:
        return self.kept.get(key)

    def keep(self, key: str, step: str, outputs: Mapping[str, Output]) -> None:
        self.kept[key] = outputs

    def flush(self) -> None:
        self.flushed += 1

    def begin(self, start: do.Start) -> None:
        self.begun.append(start)

    def stop(self, part: Part, *, now: bool = False) -> None:
        self.stopped.append((part, now))

    def leave(self) -> None:
        self.left += 1
