"""A service's folder: the whole state of a service on this machine, readable after any crash.

Standard library only: its keeper reads it too.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rankzero.backends.home import state_home
from rankzero.backends.local.drafts import draft_of, write
from rankzero.backends.local.lock import Lock
from rankzero.backends.local.services.record import Record
from rankzero.errors import BadRequest, Refused
from rankzero.spec.names import fault


class Told(NamedTuple):
    """What a keeper is told. env: beside the environment that it has. grace: between SIGTERM and
    SIGKILL (seconds)."""

    argv: list[str]
    env: dict[str, str]
    workdir: str
    grace: float

    @classmethod
    def read(cls, file: Path) -> Told:
        return cls(**json.loads(file.read_text(encoding="utf-8")))


class State(NamedTuple):
    """What a keeper tells. pid: its own; began: when it began; started: when what it keeps was
    started last, None while nothing runs; ends: how often that has ended; code: how it ended last,
    by a shell's notation; again: when it is started again, where nothing runs. Times in seconds
    since the epoch."""

    pid: int
    began: float
    started: float | None = None
    ends: int = 0
    code: int | None = None
    ended: float | None = None
    again: float | None = None
    leaving: bool = False


class ServiceFolder:
    """The paths inside one service's folder, and what they say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.lock = Lock(path / "lock")
        self.record_file = path / "service.json"
        self.told_file = path / "process.json"
        self.settings_file = path / "serve.json"
        self.token_file = path / "token"
        self.state_file = path / "state.json"
        self.logs = path / "logs"
        self.keeper_log = path / "keeper.log"
        self.code = path / "code"
        self.models = path / "models"

    @property
    def exists(self) -> bool:
        try:
            return self.record_file.is_file()
        except OSError:  # no name of a file, so of no service
            return False

    def record(self) -> Record:
        """Errors: Refused where it cannot be read."""
        try:
            return Record.of(json.loads(self.record_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Refused(
                f"the service {self.name} cannot be read: {self.record_file}: {error}",
                f"Delete what is left of it: rankzero serve delete {self.name}",
            ) from error

    def note(self, record: Record) -> None:
        """Errors: Refused where the disk says no."""
        try:
            self.put(self.record_file, record.to_json())
        except OSError as error:
            raise Refused(f"cannot write {self.record_file}: {error.strerror}") from error

    def state(self) -> State | None:
        """What its keeper told last; None where none has told anything."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return State(**json.loads(self.state_file.read_text(encoding="utf-8")))
        return None

    def kept(self) -> bool:
        """Whether it has a keeper: that one holds the lock as long as it lives, and as long as
        anything lives that it has started."""
        return self.lock.held()

    def put(self, file: Path, data: dict[str, Any]) -> None:
        """One of the files, replaced as a whole. Errors: OSError."""
        beside = draft_of(file)
        write(beside, json.dumps(data, indent=1))
        os.replace(beside, file)  # noqa: PTH105 - as fast as a keeper has to be


class Services:
    """All service folders of this user."""

    def __init__(self, home: Path | None = None) -> None:
        self.path = (home or state_home()) / "services"

    def folder(self, name: str) -> ServiceFolder:
        return ServiceFolder(self.path / name)

    def __iter__(self) -> Iterator[ServiceFolder]:
        if not self.path.is_dir():
            return
        for path in sorted(self.path.iterdir()):
            folder = ServiceFolder(path)
            if not path.name.startswith(".") and folder.exists:
                yield folder

    @contextlib.contextmanager
    def turn(self, name: str, wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        """One after the other: whoever changes this service waits for who does it already. wait: is
        called before that. Errors: BadRequest for what can be no name; Refused."""
        if fault(name):
            raise BadRequest(f'"{name}" is no name of a service.', "See them: rankzero serve list")
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
                turn = Lock(self.path / f".{name}.turn")
                if turn.held():
                    wait()
                stack.enter_context(turn.turn())
            except OSError as error:
                raise Refused(
                    f"cannot keep a service in {self.path}: {error.strerror or error}",
                    "Point XDG_STATE_HOME at a folder that you may write to.",
                ) from error
            yield
