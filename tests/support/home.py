"""A state folder of one's own, and the real command line on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, NamedTuple

from rankzero.agent.events import Event
from rankzero.agent.history import History
from rankzero.backends.local.folder import RunFolder, Runs
from support import processes
from support.waiting import PATIENCE, until


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Command:
    """A command that goes on. Its output is in files, so that it never waits for its reader."""

    def __init__(self, argv: list[str], folder: Path, env: dict[str, str], **how: Any) -> None:
        self._out, self._err = _file(folder, "out"), _file(folder, "err")
        self.process = subprocess.Popen(
            argv,
            env=env,
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, **how},
        )

    @property
    def out(self) -> str:
        return Path(self._out.name).read_text(errors="replace")

    @property
    def err(self) -> str:
        return Path(self._err.name).read_text(errors="replace")

    def until_said(self, word: str, patience: float = PATIENCE) -> None:
        """Wait until it has written the word; fails where it ends without."""
        until(
            lambda: word in self.out + self.err or self.process.poll() is not None,
            f"{word!r} in {self.out + self.err!r}",
            patience,
        )
        assert word in self.out + self.err, self.out + self.err

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, patience: float = PATIENCE) -> Said:
        self.process.wait(patience)
        return Said(self.process.returncode, self.out, self.err)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._out.close()
        self._err.close()


def _file(folder: Path, kind: str) -> IO[bytes]:
    taken = len(list(folder.glob(f"said-*.{kind}")))
    return (folder / f"said-{taken}.{kind}").open("xb")


class Home:
    """One test's state folder and work folder. Everything it starts carries the state folder."""

    def __init__(self, folder: Path) -> None:
        self.state, self.work = folder / "state", folder / "work"
        self.config = folder / "config"
        self._said = folder / "said"
        for path in (self.state, self.work, self._said):
            path.mkdir(parents=True, exist_ok=True)
        self._commands: list[Command] = []

    @property
    def env(self) -> dict[str, str]:
        """An environment in which nothing of the developer's own rankzero is seen."""
        clean = {name: value for name, value in os.environ.items() if "RANKZERO" not in name}
        return {
            **clean,
            "XDG_STATE_HOME": str(self.state),
            "XDG_CONFIG_HOME": str(self.config),
            "NO_COLOR": "1",
        }

    @property
    def runs(self) -> Runs:
        return Runs(self.state / "rankzero")

    def script(self, text: str, name: str = "train.py") -> str:
        """A script in the work folder; returns its path."""
        path = self.work / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def start(self, *argv: str, env: dict[str, str] | None = None, **how: Any) -> Command:
        """`rankzero ARGV`, which goes on beside the test."""
        return self._start([sys.executable, "-m", "rankzero", *argv], env or {}, how)

    def call(self, *argv: str, env: dict[str, str] | None = None, **how: Any) -> Said:
        """`rankzero ARGV` to its end."""
        return self.start(*argv, env=env, **how).wait()

    def elsewhere(self, *argv: str) -> Command:
        """As `start`, on a machine of another name."""
        renamed = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"]
        return self._start([*renamed, sys.executable, "-m", "rankzero", *argv], {}, {})

    def python(self, *argv: str) -> Command:
        """A Python of the user's, beside the test."""
        return self._start([sys.executable, *argv], {}, {})

    def _start(self, argv: list[str], env: dict[str, str], how: dict[str, Any]) -> Command:
        how = {"cwd": self.work, **how}
        command = Command(argv, self._said, {**self.env, **env}, **how)
        self._commands.append(command)
        return command

    def only(self) -> RunFolder:
        """The one run that there is, as soon as there is one."""

        def found() -> list[RunFolder]:
            return list(self.runs)

        runs = until(found, "a run's folder")
        assert len(runs) == 1, runs
        return runs[0]

    def until_event(self, kind: str, times: int = 1) -> list[Event]:
        """The only run's events of a kind, once there are so many."""
        folder = self.only()

        def found() -> list[Event]:
            events = [event for event in folder.events() if event.kind == kind]
            return events if len(events) >= times else []

        return until(found, f"{times} events {kind!r} in {folder.events_file}")

    def until_ended(self) -> History:
        """The only run's history, once it is final and its supervisor has left."""
        folder = self.only()
        until(lambda: not folder.alive(), f"{folder.run} to end")
        return folder.history()

    def supervisor(self) -> int:
        """The supervisor's pid."""
        return until(lambda: self._supervisors(), "the supervisor")[0]

    def _supervisors(self) -> list[int]:
        found = processes.carrying(self.state)
        return [one.pid for one in found if "supervisor import main" in " ".join(one.arguments)]

    def agents(self) -> dict[str, int]:
        """The pids of the agents that have joined, by node, as the history has them."""
        nodes = self.only().history().nodes
        return {name: node.pid for name, node in nodes.items() if node.pid is not None}

    def ranks(self) -> dict[int, processes.Process]:
        return processes.ranks(self.state)

    def nothing_left(self) -> None:
        """No process of any run here is alive any more."""
        processes.none_left(self.state)

    def close(self) -> None:
        """End what the test left: the commands it started, and all that carries its folder."""
        for command in self._commands:
            command.end()
        processes.kill(*(one.pid for one in processes.carrying(self.state)))
