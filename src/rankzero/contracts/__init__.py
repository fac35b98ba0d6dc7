"""What a framework expects to find in a rank's environment: pure functions of the membership.

Two kinds of variables, because two owners decide them. `environment` holds what must agree
between ranks, so it wins over everything. `defaults` holds what is only advice, such as thread
counts: an agent sets each of these where neither the job nor the machine has set it already.
"""

from typing import Dict

from rankzero.contracts import jax, plain, tensorflow, torch
from rankzero.contracts.topology import Rank, Topology

_FRAMEWORKS = {"torch": torch, "tensorflow": tensorflow, "jax": jax}


def environment(topology: Topology, rank: Rank) -> Dict[str, str]:
    """The variables that make this process that rank, in its framework's words and in ours."""
    env = plain.environment(topology, rank)
    framework = _FRAMEWORKS.get(topology.settings.framework)
    if framework is not None:
        env.update(framework.environment(topology, rank))
    return env


def defaults(topology: Topology, rank: Rank) -> Dict[str, str]:
    """Variables for a rank that nobody has set: what is found in its environment wins."""
    env = plain.defaults(topology, rank)
    framework = _FRAMEWORKS.get(topology.settings.framework)
    if framework is not None:
        env.update(framework.defaults(topology, rank))
    return env
