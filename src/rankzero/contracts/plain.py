"""rankzero's own variables. Every framework's ranks have them; a plain script has only these."""

from typing import Dict

from rankzero.contracts.network import master_address
from rankzero.contracts.topology import Rank, Topology


def environment(topology: Topology, rank: Rank) -> Dict[str, str]:
    """`RANKZERO_*`: the run, the numbers of the rank, the master, and the node's named ports.

    `plain` also narrows CUDA's view to the node's devices, undivided: which rank of the node
    uses which is then the script's own affair.
    """
    settings, node = topology.settings, topology.nodes[rank.node_rank]
    values = {
        "RUN": settings.run,
        "RANK": rank.rank,
        "WORLD_SIZE": topology.world_size,
        "LOCAL_RANK": rank.local_rank,
        "LOCAL_WORLD_SIZE": node.nproc,
        "NODE": rank.node_rank,
        "NODES": len(topology.nodes),
        "ROLE": rank.role,
        "ROLE_RANK": rank.role_rank,
        "ROLE_WORLD_SIZE": rank.role_world_size,
        "GENERATION": topology.generation,
        "RESTARTS": topology.restarts,
        "MASTER_ADDR": master_address(topology),
        "MASTER_PORT": topology.master_port,
    }
    env = {f"RANKZERO_{name}": str(value) for name, value in values.items()}
    for name, port in node.named_ports.items():
        env[f"RANKZERO_PORT_{variable_name(name)}"] = str(port)
    if node.devices is not None:
        env["CUDA_VISIBLE_DEVICES"] = ",".join(node.devices)
    return env


def defaults(topology: Topology, rank: Rank) -> Dict[str, str]:
    """Threads: the node's processors shared out among its ranks.

    Left alone, every rank's OpenMP takes all processors of the machine, and ranks that share one
    spend their time waiting for each other.
    """
    node = topology.nodes[rank.node_rank]
    return {"OMP_NUM_THREADS": str(max(1, node.cpus // node.nproc))}


def variable_name(name: str) -> str:
    """A port's name as the end of a variable's: capitals, and `_` for what a shell refuses."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name.upper())
