"""TensorFlow: `TF_CONFIG`, for workers with or without a chief, and for parameter servers."""

import json
from typing import Dict, List

from rankzero.contracts.network import endpoint
from rankzero.contracts.topology import Node, Rank, Topology

#: A role's named port that ranks listen on, in place of one found free: + local rank.
PORT_NAME = "tensorflow"
#: Tasks that others dial. An evaluator is dialled by nobody, and so is in no cluster.
_CLUSTER = ("chief", "worker", "ps")
_TASKS = (*_CLUSTER, "evaluator")
#: Read when a strategy is made, not at an import.
BY_MEMBERSHIP = frozenset(("TF_CONFIG",))


def environment(topology: Topology, rank: Rank) -> Dict[str, str]:
    """`TF_CONFIG`, and one device a rank, since TensorFlow takes all the memory of all it sees.

    Roles are tasks by their name. Where none has a name that TensorFlow knows, all ranks are its
    workers; beside roles that it does know, others take no part in its cluster.
    """
    env = {}
    node = topology.nodes[rank.node_rank]
    if node.devices is not None:
        env["CUDA_VISIBLE_DEVICES"] = _device(node, rank.local_rank)
    named = any(other.role in _TASKS for other in topology.nodes)
    if not named:
        task = {"type": "worker", "index": rank.rank}
    elif rank.role in _TASKS:
        task = {"type": rank.role, "index": rank.role_rank}
    else:
        # A cluster of which it is no part: not even one that its machine or the job names.
        env["TF_CONFIG"] = "{}"
        return env
    config = {"cluster": _cluster(topology, named), "task": task}
    env["TF_CONFIG"] = json.dumps(config, separators=(",", ":"))
    return env


def defaults(topology: Topology, rank: Rank) -> Dict[str, str]:
    """Ranks that must share a device take memory as they need it, not all of it at once."""
    node = topology.nodes[rank.node_rank]
    if node.devices is not None and 0 < len(node.devices) < node.nproc:
        return {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    return {}


def _cluster(topology: Topology, named: bool) -> Dict[str, List[str]]:
    """Every task's address, in the order of its ranks."""
    cluster: Dict[str, List[str]] = {}
    for rank in topology.ranks():
        task = rank.role if named else "worker"
        if task in _CLUSTER:
            node = topology.nodes[rank.node_rank]
            cluster.setdefault(task, []).append(
                endpoint(node.address, _port(node, rank.local_rank))
            )
    return cluster


def _port(node: Node, local_rank: int) -> int:
    if PORT_NAME in node.named_ports:
        return node.named_ports[PORT_NAME] + local_rank
    return node.ports[1 + local_rank]


def _device(node: Node, local_rank: int) -> str:
    """One of the node's; shared where there are fewer than ranks; none where there are none."""
    devices = node.devices or ()
    return devices[local_rank % len(devices)] if devices else ""
