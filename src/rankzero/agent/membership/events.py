"""What the membership machine is told, and what it asks for."""

from types import MappingProxyType
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from rankzero.contracts.topology import Node

#: A failure or an outcome as plain data; `docs/reference/events.md` describes the keys.
Record = Mapping[str, Any]
NOTHING: Record = MappingProxyType({})


class Hello(NamedTuple):
    """A node dialled, for the first time or again, and says everything that its agent knows.

    incarnation: sorts by the agent's birth, so that the newer of two is the greater string.
    phase: `idle`, `running` or `stopping`; generation: the last one it was assigned.
    barred: no generation up to this one is started there any more.
    exits: local rank -> exit code, of that generation. unable: why it can't run the job at all;
        said here, so that no generation begins with it.
    """

    key: str
    incarnation: str
    node: Node
    generation: int = 0
    restarts: int = 0
    phase: str = "idle"
    exits: Mapping[int, int] = {}
    failures: Tuple[Record, ...] = ()
    outcome: Optional[Record] = None
    unable: Optional[Record] = None
    pid: Optional[int] = None
    barred: int = 0


class Gone(NamedTuple):
    """A node's connection closed."""

    key: str
    incarnation: str


class Beat(NamedTuple):
    """A sign of life. usage: what the node uses, as `agent.usage` says it; empty where it does
    not count it."""

    key: str
    incarnation: str
    usage: Record = NOTHING


class Running(NamedTuple):
    """Every rank of the node is started."""

    key: str
    incarnation: str
    generation: int


class Exited(NamedTuple):
    """A rank's process ended by itself. failure is set where it failed."""

    key: str
    incarnation: str
    generation: int
    local_rank: int
    code: int
    failure: Optional[Record] = None


class Stopped(NamedTuple):
    """No rank of this generation, or an earlier one, runs on the node; here are its next ports."""

    key: str
    incarnation: str
    generation: int
    ports: Tuple[int, ...]


class Refused(NamedTuple):
    """The node cannot run this job, now or after a restart."""

    key: str
    incarnation: str
    failure: Record


class Bye(NamedTuple):
    """The node was asked to leave (SIGTERM) and goes in order."""

    key: str
    incarnation: str
    reason: str


class Acked(NamedTuple):
    """The node knows the outcome and runs nothing any more."""

    key: str
    incarnation: str


class StopRun(NamedTuple):
    """Somebody wants the whole run to end."""

    by: str
    grace: Optional[float] = None


class Watched(NamedTuple):
    """Whether anybody looks at the run, and may still want a node's last lines."""

    anybody: bool


class Released(NamedTuple):
    """Somebody has got all that the run leaves: nobody else need be waited for."""


class Tick(NamedTuple):
    """Time has passed."""


Event = Union[
    Hello,
    Gone,
    Beat,
    Running,
    Exited,
    Stopped,
    Refused,
    Bye,
    Acked,
    StopRun,
    Watched,
    Released,
    Tick,
]


class Send(NamedTuple):
    """Tell one incarnation of a node; lost without harm where it is not connected."""

    key: str
    incarnation: str
    message: Dict[str, Any]


class Emit(NamedTuple):
    """Write a line of the run's history."""

    kind: str
    data: Dict[str, Any]


class Cut(NamedTuple):
    """Close the connection of one incarnation: it counts as lost until it says hello again."""

    key: str
    incarnation: str
    reason: str


Action = Union[Send, Emit, Cut]
