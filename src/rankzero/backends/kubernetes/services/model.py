"""A service as it is, as plain data for those who show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.why.blocked import Trouble
from rankzero.why.standing import Place, Standing


class Version(NamedTuple):
    """A state of what is served: a ReplicaSet. time: when it was made (epoch seconds); changed:
    what of it was new then. wanted, there, ready: its pods. current: the one that is to serve."""

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
    """A pod of a service. place: where it is, and what it waits for; created: when (epoch
    seconds); leaving: it is on its way out."""

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


class Reach(NamedTuple):
    """Where a service is reached. kind: of the Service; name: in the cluster's DNS; address: in the
    cluster. node_port: on each of these hosts; outside: what a load balancer gave."""

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
    """All of it. state: `ready`, `starting`, `updating`, `stuck`, `degraded` or `idle`.
    wanted, ready: pods. standing: of the newest version's pods. reach: None where it has no
    Service; endpoints: None where they may not be read. again: the options with which a command
    comes to it, as a Cluster has them."""

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
    again: str = ""

    @property
    def called(self) -> str:
        """Its name as commands take it, with what leads to its place."""
        return self.name + self.again
