"""Who takes part in one generation, and what each rank's place in it is. Pure data.

A `Topology` is what the coordinator sends to every agent; from it and a `Rank` each contract
computes a rank's environment. NamedTuples and not dataclasses: `import dataclasses` costs an
agent 5 ms of every start, in any image, for nothing that is needed here.
"""

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple


class Settings(NamedTuple):
    """What holds for all generations of a run.

    framework: `torch`, `tensorflow`, `jax`, `mpi` or `plain` (never `auto`: the plan has decided).
    backend: the process group's backend where the user named one, else None.
    port: the master's port where the user fixed one, else None.
    timeout_s: the rendezvous timeout in seconds where the user set one, else None.
    max_restarts: how many failures a run survives.
    """

    run: str
    framework: str
    backend: Optional[str] = None
    port: Optional[int] = None
    timeout_s: Optional[float] = None
    max_restarts: int = 0


class Node(NamedTuple):
    """One node of a generation, as its agent announced it.

    index: its number within the role (the pod's completion index); it has holes when fewer
        than the maximum of nodes take part, which is why ranks never derive from it.
    address: where other nodes reach it.
    nproc: how many ranks it runs.
    ports: free ports on this node: `ports[0]` for a master, `ports[1 + i]` for local rank i.
    named_ports: the role's ports by the user's names, as they really are on this node.
    devices: ids of the accelerators its ranks may use; None where nobody divided them, and
        then the contract leaves visibility alone.
    cpus: processors its ranks may use together, at least 1.
    """

    role: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks a node
    address: str
    nproc: int
    ports: Tuple[int, ...]
    named_ports: Mapping[str, int] = {}
    devices: Optional[Tuple[str, ...]] = None
    cpus: int = 1


class Rank(NamedTuple):
    """One training process: its numbers in the world, in its role and on its node."""

    rank: int
    local_rank: int
    node_rank: int
    role: str
    role_rank: int
    role_world_size: int


class Topology(NamedTuple):
    """One agreed membership. Nodes stand in rank order: node 0 holds rank 0.

    generation counts memberships from 1; restarts counts only those that a failure caused.
    """

    settings: Settings
    generation: int
    restarts: int
    nodes: Tuple[Node, ...]

    @property
    def world_size(self) -> int:
        return sum(node.nproc for node in self.nodes)

    @property
    def master_port(self) -> int:
        """The port rank 0 listens on: the user's, or one that rank 0's node found free."""
        return self.settings.port or self.nodes[0].ports[0]

    def ranks(self) -> Iterator[Rank]:
        """Every rank in order, 0 to world_size - 1, without holes."""
        sizes: Dict[str, int] = {}
        for node in self.nodes:
            sizes[node.role] = sizes.get(node.role, 0) + node.nproc
        rank, seen = 0, dict.fromkeys(sizes, 0)
        for node_rank, node in enumerate(self.nodes):
            for local_rank in range(node.nproc):
                yield Rank(
                    rank, local_rank, node_rank, node.role, seen[node.role], sizes[node.role]
                )
                seen[node.role] += 1
                rank += 1

    def ranks_of(self, node_rank: int) -> List[Rank]:
        """The ranks of one node, in order."""
        return [rank for rank in self.ranks() if rank.node_rank == node_rank]

    def to_json(self) -> Dict[str, Any]:
        """Plain data for the wire; `from_json` undoes it."""
        nodes = [dict(node._asdict(), named_ports=dict(node.named_ports)) for node in self.nodes]
        return {
            "settings": self.settings._asdict(),
            "generation": self.generation,
            "restarts": self.restarts,
            "nodes": nodes,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Topology":
        return cls(
            Settings(**data["settings"]),
            data["generation"],
            data["restarts"],
            tuple(node_from_json(node) for node in data["nodes"]),
        )


def node_from_json(data: Mapping[str, Any]) -> Node:
    """A node from plain data; lists become the tuples that they were."""
    devices = data.get("devices")
    return Node(
        **dict(
            data,
            ports=tuple(data["ports"]),
            devices=None if devices is None else tuple(devices),
        )
    )
