"""What a framework expects to find in a rank's environment: pure functions of the membership.

Two kinds of variables, because two owners decide them. `environment` holds what must agree
between ranks, so it wins over everything. `defaults` holds what is only advice, such as thread
counts: an agent sets each of these where neither the job nor the machine has set it already.
"""

from typing import Dict

from rankzero.contracts import jax, plain, tensorflow, torch
from rankzero.contracts.topology import Rank, Topology

_FRAMEWORKS = {"torch": torch, "tensorflow": tensorflow, "jax": jax}
_BY_MEMBERSHIP = torch.BY_MEMBERSHIP | tensorflow.BY_MEMBERSHIP | jax.BY_MEMBERSHIP
#: Ours, but for those that the starter reads before it knows its rank.
_OWN = "RANKZERO_"
_READ_EARLY = ("RANKZERO_BACKEND", "RANKZERO_TIMEOUT_S", "RANKZERO_WORKDIR")


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


def by_membership(name: str) -> bool:
    """Whether only a membership decides this variable, and nothing that is imported before it is
    known (`agent/starter_early.py`) reads it. In doubt it is not such a one."""
    return name in _BY_MEMBERSHIP or (name.startswith(_OWN) and name not in _READ_EARLY)
