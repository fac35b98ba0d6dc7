"""PyTorch: the variables that `torchrun` sets, so that `env://` and its scripts work unchanged."""

from typing import Dict

from rankzero.contracts.network import master_address
from rankzero.contracts.topology import Rank, Topology

#: Read when a process group is made, not at an import.
BY_MEMBERSHIP = frozenset(
    (
        *("MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),
        *("GROUP_RANK", "GROUP_WORLD_SIZE", "ROLE_RANK", "ROLE_WORLD_SIZE"),
        *("TORCHELASTIC_RESTART_COUNT", "TORCHELASTIC_ERROR_FILE"),
    )
)


def environment(topology: Topology, rank: Rank) -> Dict[str, str]:
    """The set of `torchrun`; a node is what it calls a group.

    `TORCHELASTIC_USE_AGENT_STORE` is False because our agent keeps no store: rank 0 opens it.
    All ranks of a node see all of the node's devices (scripts call `set_device(LOCAL_RANK)`).
    The agent adds `TORCHELASTIC_ERROR_FILE`, a path that only it knows.
    """
    settings = topology.settings
    values = {
        "MASTER_ADDR": master_address(topology),
        "MASTER_PORT": topology.master_port,
        "RANK": rank.rank,
        "WORLD_SIZE": topology.world_size,
        "LOCAL_RANK": rank.local_rank,
        "LOCAL_WORLD_SIZE": topology.nodes[rank.node_rank].nproc,
        "GROUP_RANK": rank.node_rank,
        "GROUP_WORLD_SIZE": len(topology.nodes),
        "ROLE_NAME": rank.role,
        "ROLE_RANK": rank.role_rank,
        "ROLE_WORLD_SIZE": rank.role_world_size,
        "TORCHELASTIC_RUN_ID": settings.run,
        "TORCHELASTIC_RESTART_COUNT": topology.restarts,
        "TORCHELASTIC_MAX_RESTARTS": settings.max_restarts,
        "TORCHELASTIC_USE_AGENT_STORE": False,
    }
    if settings.backend is not None:
        values["RANKZERO_BACKEND"] = settings.backend
    if settings.timeout_s is not None:
        values["RANKZERO_TIMEOUT_S"] = settings.timeout_s
    return {name: str(value) for name, value in values.items()}


def defaults(topology: Topology, rank: Rank) -> Dict[str, str]:
    """As `torchrun`: a rank whose peer has died ends, in place of waiting for it."""
    return {"TORCH_NCCL_ASYNC_ERROR_HANDLING": "1"}
