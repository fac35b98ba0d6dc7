"""A run's folder: the whole state of a local run, readable after a crash at any point.

It appears under its name only when it is complete, its history is only ever appended to, and a
lock tells whether anybody still works in it. Standard library only: the supervisor reads it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rankzero.agent import events as ev
from rankzero.agent.chronicle import RESERVE, read
from rankzero.agent.history import History, fold
from rankzero.backends.home import state_home
from rankzero.backends.local.lock import Lock
from rankzero.errors import Refused

#: What ends a history whose writers were all killed.
CUT_OFF = {
    "kind": "cut-off",
    "message": "all processes of the run were ended from outside: a kill, or the machine went down",
}


class RunFolder:
    """The paths inside one run's folder, and what they say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = path.name
        self.plan_file = path / "plan.json"
        self.token_file = path / "token"
        self.address_file = path / "address"
        self.lock = Lock(path / "lock")
        self.events_file = path / "events.jsonl"
        self.agents = path / "agents"
        self.nodes = path / "nodes"
        self.logs = path / "logs"
        self.supervisor_log = path / "supervisor.log"
        self.reserve_file = path / RESERVE

    @property
    def exists(self) -> bool:
        try:
            return self.plan_file.is_file()
        except OSError:  # no name of a file, so of no run
            return False

    def plan(self) -> dict[str, Any]:
        """As submitted. Errors: Refused where a crash of the machine tore it."""
        try:
            data = json.loads(self.plan_file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            message = f"its plan, {self.plan_file}, cannot be read: {error}"
            raise Refused(f"cannot look into {self.run}: {message}", self._remedy) from error
        if not isinstance(data, dict) or not {"job", "nodes", "where"} <= data.keys():
            raise Refused(f"{self.plan_file} is no plan.", self._remedy)
        return data

    @property
    def _remedy(self) -> str:
        return f"Delete what is left of it: rankzero delete {self.run}"

    def node_folders(self) -> dict[str, Path]:
        """Each node's own folder by the node's name, in the plan's order."""
        return {
            f"{node['role']}/{node['index']}": Path(node["folder"]) for node in self.plan()["nodes"]
        }

    def events(self) -> list[ev.Event]:
        """The history; a run that was cut off gets the end that nobody could write.

        Errors: Refused where it cannot be read.
        """
        alive = self.alive()  # before reading: what ends in between is then seen to have ended
        try:
            events = read(str(self.events_file))
        except OSError as error:
            message = f"{self.events_file} cannot be read: {error.strerror}"
            raise Refused(message, self._remedy) from error
        history = fold(events)
        if not history.final and not alive:
            time = self._last_sign()
            data = {"state": ev.FAILED, "cause": {**CUT_OFF, "time": time}, "exit_code": 1}
            end = dict(history.outcome or data)  # it may have been decided, but not written
            events.append(ev.Event(history.last_seq + 1, time, ev.FINISHED, end))
        return events

    def history(self) -> History:
        return fold(self.events())

    def agents_said(self) -> Iterator[tuple[str, str]]:
        """What the supervisor and the agents have written of themselves."""
        for file in (self.supervisor_log, *sorted(self.nodes.glob("*/agent.log"))):
            if file.is_file():
                name = "supervisor" if file == self.supervisor_log else file.parent.name
                yield name, file.read_text(encoding="utf-8", errors="replace")

    def alive(self) -> bool:
        """Whether the run's supervisor lives: it holds the lock as long as it does."""
        return self.lock.held()

    def _last_sign(self) -> float:
        files = [self.events_file, *self.nodes.glob("*/logs/*.log")]
        return max((file.stat().st_mtime for file in files if file.exists()), default=0.0)


class Runs:
    """All run folders of this user."""

    def __init__(self, home: Path | None = None) -> None:
        self.path = (home or state_home()) / "runs"

    def folder(self, run: str) -> RunFolder:
        return RunFolder(self.path / run)

    def __iter__(self) -> Iterator[RunFolder]:
        if not self.path.is_dir():
            return
        for path in self.path.iterdir():
            folder = RunFolder(path)
            if not path.name.startswith(".") and folder.exists:
                yield folder
