"""What a backend is: the one seam between "what to run" and "where it runs".

Everything above this line (the commands, the Python handle, pipelines) knows only these
types; `tests/contract/` holds every backend to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rankzero.agent.events import FINAL, Event
from rankzero.agent.history import History
from rankzero.backends.description import Description
from rankzero.backends.ports import Opened, Wanted
from rankzero.backends.recovery import Held
from rankzero.backends.spot import Spot
from rankzero.backends.streams import Streams
from rankzero.errors import Refused
from rankzero.why.seen import Seen

if TYPE_CHECKING:  # pydantic would cost every command its 60 ms, and most need no spec
    from rankzero.backends.volumes import Volumes
    from rankzero.plan.model import Plan
    from rankzero.spec.model import Job
    from rankzero.why.standing import Standing


@dataclass(frozen=True)
class RunInfo:
    """One line of `rankzero list`. created is in seconds since the epoch.

    standing: where its nodes are, of a run that waits for some; ready: how many of how many nodes
    are there. None where the place has nothing to say of it.
    """

    run: str
    name: str
    where: str
    created: float
    labels: Mapping[str, str]
    history: History
    standing: Standing | None = None
    ready: tuple[int, int] | None = None

    @property
    def state(self) -> str:
        return self.history.state

    @property
    def finished(self) -> bool:
        return self.history.state in FINAL


@dataclass(frozen=True)
class LogBlock:
    """Whole lines of one rank, in order, as bytes that the script wrote.

    time: when the agent read the first of them, seconds since the epoch.
    dropped: bytes of this rank that were lost before this block because `log_keep` was exceeded.
    """

    rank: int
    node: str
    generation: int
    time: float
    data: bytes
    dropped: int = 0

    @property
    def last_line(self) -> str:
        """Its last line; bytes that are no UTF-8 are spelt out as `\\xff`."""
        line = self.data.rstrip(b"\r\n").rpartition(b"\n")[2]
        return line.decode("utf-8", "backslashreplace")


def marked(data: bytes, mark: bytes) -> bytes:
    """Lines with a mark before each, the last one ended."""
    return mark + data.removesuffix(b"\n").replace(b"\n", b"\n" + mark) + b"\n"


@dataclass(frozen=True)
class Note:
    """What one who watches should know by the way; no part of the run's history."""

    text: str


@dataclass(frozen=True)
class Fetching:
    """How far outputs have come: done and total in bytes."""

    done: int
    total: int
    files: int


@dataclass(frozen=True)
class Awaited:
    """What a run waits for that is not complete: no history, only the newest one counts."""

    standing: Standing


def ignore(told: Fetching) -> None:
    """For who does not want to know."""


class Unfetched(Refused):
    """The run has ended, and its outputs could not be brought here."""


#: What a watched run yields.
Item = Event | LogBlock | Note | Fetching | Awaited


@dataclass(frozen=True)
class LogQuery:
    """Which log lines: of which ranks (None: all), from when on, how many of each rank's last."""

    ranks: frozenset[int] | None = None
    nodes: frozenset[str] | None = None
    since: float | None = None
    tail: int | None = None


@dataclass(frozen=True)
class Helper:
    """How what lies on a volume is looked at, when a run's nodes are gone: by a helper pod.

    volume: a claim (and a folder in it, behind a `/`), or `SERVER:/FOLDER`, where nothing else is
    left of the run; None: as the run itself says. image, user: its pod's then. wait: how long the
    pod may take to start (seconds).
    """

    volume: str | None = None
    image: str | None = None
    user: str | None = None
    wait: float = 180.0


@dataclass(frozen=True)
class Submission:
    """What was submitted, and where its things lie; None where they do not lie here, nor come."""

    run: str
    outputs: Path | None
    logs: Path | None
    notices: tuple[str, ...] = field(default=())


def output_volume(plan: Mapping[str, Any]) -> str | None:
    """The volume that a run's outputs stay on, where they do. plan: as submitted."""
    named = plan.get("job", {}).get("output_volume")
    return None if named is None or plan.get("backend") == "local" else str(named)


def output_place(plan: Mapping[str, Any], run: str) -> str | None:
    """Where on a claim a run's outputs stay, `CLAIM/RUN/outputs`; None where they do not, or on no
    claim. plan: as submitted."""
    named = output_volume(plan)
    if named is None:
        return None
    volume = plan["job"].get("volumes", {}).get(named) or {"claim": named}
    inner = (volume.get("sub_path"), run, "outputs")
    return "/".join(filter(None, (volume["claim"], *inner))) if volume.get("claim") else None


class Backend(Protocol):
    """A place where runs happen. Every method raises `rankzero.errors.Error` and nothing else
    for what a user or the environment did; `UnknownRun` where a run's id fits nothing.

    ends_with_caller: whether an attached run ends with the process that submitted it.
    """

    name: str
    ends_with_caller: bool

    def plan(
        self,
        job: Job,
        *,
        preflight: bool = True,
        wait_for_nodes: bool = False,
        tell: Callable[[Fetching], None] = ignore,
    ) -> Plan:
        """Compile, check what can be checked unless that is not wanted, create nothing.

        wait_for_nodes: that no node could run it now is no reason to refuse. tell: how far a large
        folder is packed.
        """
        ...

    def submit(
        self, plan: Plan, *, detach: bool, tell: Callable[[Fetching], None] = ignore
    ) -> Submission:
        """Start it. Unless detached, a local run ends with the calling process. tell: how far it is
        sent."""
        ...

    def release(self, run: str) -> None:
        """Let an attached run go on without this process."""
        ...

    def runs(self) -> list[RunInfo]:
        """All runs that can be seen from here, newest first."""
        ...

    def run(self, run: str) -> RunInfo:
        """One run, by its id."""
        ...

    def events(self, run: str) -> list[Event]:
        """Its history up to now."""
        ...

    def logs(self, run: str, query: LogQuery, helper: Helper | None = None) -> Iterator[LogBlock]:
        """Its lines up to now, merged by time. helper: also those that only a volume has."""
        ...

    def watch(
        self, run: str, query: LogQuery, *, events_from: int = 1, fetch: bool = False
    ) -> Iterator[Item]:
        """Its events and lines as they come, until it has ended and all lines were given.
        fetch: whether its outputs are brought here then. Errors, at the very end: Unfetched."""
        ...

    def stop(self, run: str, *, grace: float | None = None) -> None:
        """Ask it to end; returns at once. `watch` shows it ending."""
        ...

    def delete(self, run: str) -> None:
        """Remove all that is left of a run that has ended."""
        ...

    def outputs(
        self,
        run: str,
        to: Path | None = None,
        tell: Callable[[Fetching], None] = ignore,
        helper: Helper | None = None,
    ) -> Path:
        """The folder with what the run wrote for its user, copied to `to` where given; tell hears
        how far it has come. helper: also from a volume."""
        ...

    def observe(self, run: str, history: History) -> Seen:
        """What its nodes look like from outside, for `why` and `status`; empty where a node is
        nothing but its agent."""
        ...

    def agents(self, run: str) -> Iterator[tuple[str, str]]:
        """What those who look after it have written of themselves, and no line of a rank: who, and
        what, or why that cannot be read. Of one that is gone nothing is told."""
        ...

    def submitted(self, run: str) -> Mapping[str, Any]:
        """The plan as it was submitted (`Plan.to_json`), for `rerun`."""
        ...

    def execute(
        self, run: str, spot: Spot, command: Sequence[str], streams: Streams | None = None
    ) -> int:
        """Run a command (none: a shell) in a rank's environment and folder, to its end; its exit
        code. streams: by default those of this process."""
        ...

    def forward(
        self,
        run: str,
        spot: Spot,
        wanted: Sequence[Wanted],
        address: str,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        """Let ports of a node be dialled at an address of this machine, until the run has ended.
        Returns at once where they are there already. on_open: called for each port; note: with
        what goes wrong on the way."""
        ...

    def describe(self, name: str, node: str | None = None) -> Description:
        """All that can be read of a run, or of one of its nodes; without a node, name may also be
        what this place calls a node or a machine: UnknownRun where it is nothing here."""
        ...

    def volumes(self) -> Volumes:
        """The volumes with names that are there."""
        ...

    def recover(self, run: str, *, dry_run: bool = False) -> list[Held]:
        """Make the places free that dead machines hold; what was found, and what was done."""
        ...
