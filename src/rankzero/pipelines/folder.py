"""A pipeline run's folder: its whole state, readable after a crash at any point.

It appears under its name only when it is complete; a lock tells whether anybody drives it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rankzero.agent.events import Event
from rankzero.backends.home import state_home
from rankzero.backends.local.lock import Lock
from rankzero.driver import graph
from rankzero.driver.graph import Graph
from rankzero.errors import Refused
from rankzero.pipelines.ledger import read
from rankzero.pipelines.store import Store

_KEYS = {"name", "workdir", "slots", "rerun", "params", "steps", "code", "skip"}


class PipelineFolder:
    """The paths inside one run's folder, and what they say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path.name
        self.plan_file = path / "pipeline.json"
        self.token_file = path / "token"
        self.address_file = path / "address"
        self.ledger_file = path / "ledger.db"
        self.lock = Lock(path / "lock")
        self.lines = path / "lines"
        self.steps = path / "steps"
        self.outputs = path / "outputs"
        self.keeper_log = path / "keeper.log"

    @property
    def exists(self) -> bool:
        return self.plan_file.is_file()

    def plan(self) -> dict[str, Any]:
        """name, workdir, slots, rerun, params, the graph as `driver.graph.to_json` gives it, code
        (step -> the paths that it depends on, and their stamp), skip (what is no code), volumes
        (those that are made beforehand: kept, and the run's own).

        Errors: Refused where a crash of the machine tore it.
        """
        try:
            data = json.loads(self.plan_file.read_text(encoding="utf-8"))
            if not isinstance(data, dict) or not data.keys() >= _KEYS:
                raise ValueError("it is no pipeline")
        except (OSError, ValueError) as error:
            raise Refused(
                f"cannot look into {self.run}: {self.plan_file} cannot be read: {error}",
                f"Delete what is left of it: rankzero pipeline delete {self.run}",
            ) from error
        return data

    def graph(self) -> Graph:
        return graph.from_json(self.plan()["steps"])

    def events(self, since: int = 1) -> list[Event]:
        """The facts from a number on. Errors: Refused."""
        return read(self.ledger_file, since)

    def output(self, step: str, at: int = -1) -> Path:
        """Where what a part handed on can be found by its name; a folder for all parts of one."""
        return self.outputs / step if at < 0 else self.outputs / step / str(at)

    def attempt(self, step: str, number: int) -> Path:
        """The folder of one attempt; no other one of the pipeline ever has its number."""
        return self.steps / step / str(number)


class Pipelines:
    """All of this user's on this machine."""

    def __init__(self, home: Path | None = None) -> None:
        self.path = (home or state_home()) / "pipelines"

    @property
    def artifacts(self) -> Store:
        """What all of them handed on, and their cache."""
        return Store(self.path.parent / "artifacts")

    def folder(self, run: str) -> PipelineFolder:
        return PipelineFolder(self.path / run)

    def __iter__(self) -> Iterator[PipelineFolder]:
        if not self.path.is_dir():
            return
        for path in self.path.iterdir():
            folder = PipelineFolder(path)
            if not path.name.startswith(".") and folder.exists:
                yield folder
