"""JAX: what makes a bare `jax.distributed.initialize()` work."""

from typing import Dict, Optional

from rankzero.contracts.network import endpoint, master_address
from rankzero.contracts.topology import Node, Rank, Topology

#: More devices than a machine has. JAX's filter of devices ignores a number that is not there.
_ALL_DEVICES = ",".join(str(number) for number in range(64))
#: JAX reads its own when it is imported, which therefore nobody does ahead (`starter_early`).
BY_MEMBERSHIP = frozenset(
    (
        *("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"),
        *("OMPI_MCA_orte_hnp_uri", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
        "OMPI_COMM_WORLD_LOCAL_RANK",
    )
)


def environment(topology: Topology, rank: Rank) -> Dict[str, str]:
    """The coordinator's address, and how many processes there are, and which one this is.

    JAX reads the address from its own variable but takes count and number from the cluster that
    it finds itself in, and looks for Open MPI first: before Slurm, and before Kubernetes, where
    it would ask the API server. So Open MPI's variables are set. `JAX_NUM_PROCESSES` and
    `JAX_PROCESS_ID` are for scripts that pass them by hand.
    """
    node = topology.nodes[rank.node_rank]
    address = endpoint(master_address(topology), topology.master_port)
    env = {
        "JAX_COORDINATOR_ADDRESS": address,
        "JAX_NUM_PROCESSES": str(topology.world_size),
        "JAX_PROCESS_ID": str(rank.rank),
        # Only its presence counts, as the coordinator's address is given; the form is Open MPI's.
        "OMPI_MCA_orte_hnp_uri": f"0.0;tcp://{address}",
        "OMPI_COMM_WORLD_SIZE": str(topology.world_size),
        "OMPI_COMM_WORLD_RANK": str(rank.rank),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank.local_rank),
    }
    devices = _local_devices(node, rank.local_rank)
    if devices is not None:
        env["JAX_LOCAL_DEVICE_IDS"] = devices
    return env


def defaults(topology: Topology, rank: Rank) -> Dict[str, str]:
    """Collectives between processes on processors; JAX before 0.5 has none unless told."""
    return {"JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo"}


def _local_devices(node: Node, local_rank: int) -> Optional[str]:
    """Numbers, counted within the node's devices, of those this rank uses.

    Every rank gets the same count, since a mesh must be even; a rest stays unused. Where nobody
    knows the devices, a rank alone on its node is given all (under Open MPI's variables it would
    take only the first), and of several each takes its own, which is what JAX does by itself.
    """
    if node.devices is None:
        return _ALL_DEVICES if node.nproc == 1 else None
    count = len(node.devices)
    if not count:
        return None
    each = count // node.nproc
    if not each:
        return str(local_rank % count)
    return ",".join(str(number) for number in range(local_rank * each, (local_rank + 1) * each))
