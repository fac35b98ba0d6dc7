"""A run of a pipeline as those who look at it see it, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from rankzero.agent.events import Event
from rankzero.backends.base import LogBlock, LogQuery, Note
from rankzero.driver.facts import Output
from rankzero.driver.graph import Graph
from rankzero.pipelines.progress import Attempt
from rankzero.pipelines.results import Handed


class Kept(Protocol):
    """Errors of all: Refused where it cannot be read, or its place does not answer.

    run: its id. where: `local`, or a cluster's context and namespace. created: seconds since the
    epoch.
    """

    @property
    def run(self) -> str: ...

    @property
    def where(self) -> str: ...

    @property
    def created(self) -> float: ...

    def plan(self) -> dict[str, Any]:
        """name, workdir, slots, rerun, params, and more that only its place knows of."""

    def graph(self) -> Graph: ...

    def events(self, since: int = 1) -> list[Event]:
        """Its facts from a number on."""

    def driven(self) -> bool:
        """Whether anybody drives it, as far as can be known from here."""

    def driver(self) -> str:
        """Who does, in words, where that is worth a word."""

    def onward(self) -> str:
        """What to do with one that has no end, and that nobody drives."""

    def wait(self, timeout: float | None = None) -> bool:
        """Until nobody drives it any more, or so many seconds are over; whether nobody does."""

    def watch(self, query: LogQuery, events_from: int = 1) -> Iterator[Event | LogBlock | Note]:
        """All there is and all that comes until it is over, or nobody drives it any more; its last
        fact comes after the last line. A block's rank is the number of an attempt."""

    def lines(self, query: LogQuery) -> Iterator[LogBlock]:
        """What was written up to now."""

    def last_lines(self, attempt: Attempt, most: int) -> list[str]: ...

    def inner_run(self, attempt: Attempt) -> str:
        """The run that an attempt was; empty where it was none."""

    def obstacles(self, running: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
        """What it waits for, beyond its own steps: lines with a label each. running: attempts that
        are under way."""

    def stop(self, by: str, *, now: bool = False) -> bool:
        """Ask for the end of all that runs; returns at once, unless there is nobody who could be
        asked, and something runs: then that is ended. False where there is nothing to end."""

    def delete(self) -> None:
        """Take all of it away; on this machine `removing` does it for several at once."""

    def output(self, step: str, at: int = -1) -> Path:
        """Where people find what a part handed on, by its name; a folder for all parts of one."""

    def address(self, step: str, output: Output) -> str:
        """Where an artifact is that a step handed on, as other commands take it."""

    def results(self) -> Path | None:
        """The folder where all of it can be found; None where none on this machine has it."""

    def copy(self, found: Sequence[Handed], to: Path) -> None:
        """Bring it here, as `STEP/NAME` or `STEP/AT/NAME`; what is there is replaced."""
