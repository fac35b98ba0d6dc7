"""Addresses as frameworks want them written."""

from rankzero.contracts.topology import Topology


def master_address(topology: Topology) -> str:
    """Where rank 0 listens, for itself as for all others: what its own agent announced.

    Not a name: a resolver that caches would go on giving a replaced pod's old address, and then
    rank 0 binds here while the others dial there.
    """
    return topology.nodes[0].address


def endpoint(address: str, port: int) -> str:
    """`address:port`; an IPv6 address gets the brackets without which its end is ambiguous."""
    if ":" in address and not address.startswith("["):
        return f"[{address}]:{port}"
    return f"{address}:{port}"
