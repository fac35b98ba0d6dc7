"""A place where runs happen, with the powers that a test has and a user has not."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from rankzero.backends.base import Backend
from rankzero.backends.local import LocalBackend
from rankzero.spec import from_target
from rankzero.spec.model import Job
from support import processes
from support.waiting import until


class Place(Protocol):
    """backend: what is tested. folder: the user's work folder; what lies in it travels.
    takes_along: whether a run has a copy of it from its plan on, or works in the folder itself."""

    backend: Backend
    folder: Path
    takes_along: bool

    def elsewhere(self) -> Backend:
        """The same place as another command sees it, which knows only what is kept there."""
        ...

    def kill_node(self, run: str, node: str) -> None:
        """End a node as a power cut would: its agent and all ranks on it."""
        ...

    def kill_rank(self, run: str, rank: int, number: int = signal.SIGKILL) -> None:
        """Send a rank's own process a signal."""
        ...

    def left(self, run: str) -> list[str]:
        """What of a run still goes on, in words."""
        ...

    def close(self) -> None:
        """End and remove everything."""
        ...


def job(place: Place, text: str, *args: str, name: str = "train.py", **options: Any) -> Job:
    """A job of one script in the place's folder; options as `rankzero run` has them."""
    path = place.folder / name
    path.write_text(text, encoding="utf-8")
    return from_target(str(path), args=args, options={"workdir": place.folder, **options})


def job_file(place: Place, text: str, scripts: Mapping[str, str]) -> Job:
    """A job of a file, beside its scripts."""
    for name, script in scripts.items():
        (place.folder / name).write_text(script, encoding="utf-8")
    path = place.folder / "job.yaml"
    path.write_text(text, encoding="utf-8")
    return from_target(str(path))


class LocalPlace:
    """Processes on this machine, found by the run's folder that each of them carries."""

    takes_along = False

    def __init__(self, folder: Path) -> None:
        self.folder, self._state = folder / "work", folder / "state"
        self.folder.mkdir()
        self.backend = LocalBackend(self._state)

    def elsewhere(self) -> LocalBackend:
        return LocalBackend(self._state)

    def kill_node(self, run: str, node: str) -> None:
        pid = self.backend.run(run).history.nodes[node].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def kill_rank(self, run: str, rank: int, number: int = signal.SIGKILL) -> None:
        found = until(
            lambda: processes.ranks(self._state / "runs" / run).get(rank), f"rank {rank} of {run}"
        )
        os.kill(found.pid, number)

    def left(self, run: str) -> list[str]:
        return [repr(process) for process in processes.carrying(self._state / "runs" / run)]

    def close(self) -> None:
        processes.kill(*(one.pid for one in processes.carrying(self._state)))
