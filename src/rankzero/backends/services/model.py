"""A service as it is, and how a change of it goes, as plain data for those who show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.backends.places import LOCAL
from rankzero.why.blocked import Trouble
from rankzero.why.standing import Place, Standing


class Version(NamedTuple):
    """A state of what is served: on a cluster a ReplicaSet. time: when it was made (epoch seconds);
    changed: what of it was new then. wanted, there, ready: its pods. current: the one that is to
    serve."""

    number: int
    replicaset: str
    image: str
    time: float
    changed: str
    wanted: int
    there: int
    ready: int
    current: bool
    request: Mapping[str, Any] = {}


class Instance(NamedTuple):
    """A pod of a service; on this machine, its process. place: where it is, and what it waits for;
    created: when (epoch seconds); leaving: it is on its way out."""

    place: Place
    version: int
    address: str
    host: str
    ready: bool
    restarts: int
    created: float
    leaving: bool

    @property
    def pod(self) -> str:
        return self.place.node


class Endpoint(NamedTuple):
    """Where the Service leads to. ready: requests come here; serving: it still answers, and no new
    ones come."""

    address: str
    port: int
    pod: str
    machine: str
    ready: bool
    serving: bool


#: The kind of a way to a service that is on this machine.
LOOPBACK = "loopback"


class Reach(NamedTuple):
    """Where a service is reached. kind: of the Service, or LOOPBACK; name: in the cluster's DNS;
    address: in the cluster. node_port: on each of these hosts; outside: what a load balancer
    gave."""

    kind: str
    name: str
    address: str
    port: int
    node_port: int | None = None
    hosts: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def urls(self) -> list[str]:
        """The nearest way first: from outside, on nodes, in the cluster."""
        found = [f"http://{host}:{self.port}" for host in self.outside]
        if self.node_port is not None:
            found += [f"http://{host}:{self.node_port}" for host in self.hosts]
        return [*found, f"http://{self.name}:{self.port}"]


class Scaling(NamedTuple):
    """How the cluster changes the number of pods by itself: between minimum and maximum, to keep
    the load at target. at: the load now, in percent, where it is known. trouble: why it does not.
    """

    minimum: int
    maximum: int
    target: int
    at: int | None = None
    trouble: Trouble | None = None


class Service(NamedTuple):
    """All of it. state: `ready`, `starting`, `updating`, `stuck`, `degraded` or `idle`, and on this
    machine `ended`. wanted, ready: pods. standing: of the newest version's pods. reach: None where
    it has no Service; endpoints: None where they may not be read. program: what runs, where that
    is not an image's to say; owner: who keeps it up to date, such as a pipeline; both may be
    empty. again: the options with which a command comes to it, as a Cluster has them."""

    name: str
    where: str
    created: float
    labels: Mapping[str, str]
    request: Mapping[str, Any]
    state: str
    version: int
    image: str
    port: int
    wanted: int
    ready: int
    done: bool
    standing: Standing
    versions: tuple[Version, ...]
    instances: tuple[Instance, ...]
    reach: Reach | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    scaling: Scaling | None = None
    not_shown: tuple[str, ...] = ()
    program: str = ""
    owner: str = ""
    again: str = ""

    @property
    def here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.where == LOCAL

    @property
    def called(self) -> str:
        """Its name as commands take it, with what leads to its place."""
        return self.name + self.again


class Outcome(NamedTuple):
    """How a version did. place: the pod that says why not; late: it had its time."""

    ready: bool
    service: Service
    place: Place | None = None
    late: bool = False

    def why(self, wait: float) -> str:
        """Why it is not ready, in one line. wait: the time that it had (seconds)."""
        place = self.place
        pod = f"{place.node}: {place.text}" if place is not None and place.text else ""
        late = f"not ready within {wait:g} s" if self.late else ""
        return "; ".join(filter(None, (late, pod))) or "not ready"


class Changed(NamedTuple):
    """A change that was made. mark: what its place knows it by; before: the number of the version
    that served until then, 0 where none did. what: the changes, in words; empty where there was
    nothing to change. wait: the time that it has (seconds)."""

    mark: Any
    before: int
    what: tuple[str, ...]
    wait: float


class Asked(NamedTuple):
    """Which lines. follow: also what comes. tail: only so many last lines of each pod. pod: only
    its. previous: of the container before this one."""

    follow: bool = False
    tail: int | None = None
    pod: str | None = None
    previous: bool = False


#: (pod, what it wrote)
Line = tuple[str, str]
