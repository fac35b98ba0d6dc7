"""A pipeline's run on this machine: see `kept`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rankzero.agent.events import Event
from rankzero.agent.logs.reader import LogReader
from rankzero.backends.base import LogBlock, LogQuery
from rankzero.driver.facts import Output
from rankzero.driver.graph import Graph
from rankzero.pipelines import stopping
from rankzero.pipelines.commands import RUN
from rankzero.pipelines.folder import PipelineFolder
from rankzero.pipelines.progress import Attempt
from rankzero.pipelines.results import Handed, copied
from rankzero.pipelines.watch import Watch


class Here:
    """folder: where all of it lies."""

    where = "local"

    def __init__(self, folder: PipelineFolder) -> None:
        self.folder = folder

    @property
    def run(self) -> str:
        return self.folder.run

    @property
    def created(self) -> float:
        """Errors: FileNotFoundError where it is just being deleted."""
        return self.folder.plan_file.stat().st_mtime

    def plan(self) -> dict[str, Any]:
        return self.folder.plan()

    def graph(self) -> Graph:
        return self.folder.graph()

    def events(self, since: int = 1) -> list[Event]:
        return self.folder.events(since)

    def driven(self) -> bool:
        return self.folder.lock.held()

    def driver(self) -> str:
        return ""

    def onward(self) -> str:
        return f"go on with it: rankzero pipeline resume {self.run}"

    def wait(self, timeout: float | None = None) -> bool:
        return self.folder.lock.wait(timeout)

    def watch(self, query: LogQuery, events_from: int = 1) -> Iterator[Event | LogBlock]:
        return Watch(self.folder, query, events_from).items()

    def lines(self, query: LogQuery) -> Iterator[LogBlock]:
        return Watch(self.folder, query).kept()

    def last_lines(self, attempt: Attempt, most: int) -> list[str]:
        reader, number = LogReader(str(self.folder.lines)), attempt.number
        chunk = reader.read(number, reader.offset_tail(number, most, final=True), final=True)
        text = chunk.data.decode("utf-8", "backslashreplace").removesuffix("\n")
        return text.split("\n")[-most:] if text else []

    def inner_run(self, attempt: Attempt) -> str:
        place = self.folder.attempt(attempt.part.step, attempt.number)
        with suppress(OSError):
            return (place / RUN).read_text(encoding="utf-8").strip()
        return ""

    def obstacles(self, running: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
        return iter(())

    def stop(self, by: str, *, now: bool = False) -> bool:
        return stopping.stop(self.folder, by, now=now)

    def delete(self) -> None:
        from rankzero.pipelines.removing import remove

        remove([self])

    def output(self, step: str, at: int = -1) -> Path:
        return self.folder.output(step, at)

    def address(self, step: str, output: Output) -> str:
        return output.where

    def results(self) -> Path | None:
        return self.folder.outputs

    def copy(self, found: Sequence[Handed], to: Path) -> None:
        copied(found, to)
