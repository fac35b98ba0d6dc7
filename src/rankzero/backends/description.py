"""What a place knows of a run, of one of its nodes, or of a machine, for people and programs.

Every row's fields are keys of `describe --output json`. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.agent.roster import Roster


class Thing(NamedTuple):
    """An object, folder or process that belongs to it. size: in bytes; None where unknown."""

    kind: str
    name: str
    created: float | None = None
    size: int | None = None
    note: str = ""


class Place(NamedTuple):
    """A node. name: its pod, or its agent's pid; machine: where it is."""

    node: str
    name: str
    state: str
    machine: str
    address: str
    created: float | None = None
    note: str = ""


class RankPlace(NamedTuple):
    """A rank. name: stays when its node is replaced; port: what its agent keeps free for it;
    ports: its node's, by the names in the job; pid: on its node; code: once it has ended."""

    rank: int
    node: str
    name: str
    address: str
    port: int
    ports: Mapping[str, int]
    pid: int | None = None
    code: int | None = None


class Service(NamedTuple):
    """A name that leads to nodes. address: empty where each node has its own name below it."""

    name: str
    kind: str
    address: str
    ports: Mapping[str, int]


class Condition(NamedTuple):
    """Something that holds, or not, of an object."""

    of: str
    type: str
    status: str
    reason: str
    message: str
    since: float | None


class Happened(NamedTuple):
    """An event of the place, the same ones together. of: whom it is about; time: of the last."""

    time: float
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    type: str
    reason: str
    of: tuple[str, ...]
    message: str


class Description(NamedTuple):
    """kind: `run`, `node` or `machine`. not_shown: what this user may not see, in words."""

    kind: str
    name: str
    where: str
    state: str
    facts: Mapping[str, str] = {}
    objects: tuple[Thing, ...] = ()
    nodes: tuple[Place, ...] = ()
    ranks: tuple[RankPlace, ...] = ()
    services: tuple[Service, ...] = ()
    conditions: tuple[Condition, ...] = ()
    events: tuple[Happened, ...] = ()
    not_shown: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        rows = ("objects", "nodes", "ranks", "services", "conditions", "events")
        plain = {name: [row._asdict() for row in getattr(self, name)] for name in rows}
        return {**self._asdict(), "facts": dict(self.facts), **plain}


def ranks_of(roster: Roster | None, names: Mapping[str, str]) -> tuple[RankPlace, ...]:
    """The ranks of the present generation. names: each node's stable one."""
    if roster is None:
        return ()
    found = []
    for rank in roster.topology.ranks():
        node = roster.topology.nodes[rank.node_rank]
        key = f"{node.role}/{node.index}"
        found.append(
            RankPlace(
                rank.rank,
                key,
                names.get(key, node.address),
                node.address,
                node.ports[1 + rank.local_rank],
                dict(node.named_ports),
            )
        )
    return tuple(found)
