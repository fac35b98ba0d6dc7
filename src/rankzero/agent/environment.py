"""What the ranks of a node find in their environment."""

import os
from typing import Dict, List

from rankzero import contracts
from rankzero.agent.config import AgentConfig
from rankzero.contracts.topology import Node, Rank, Topology

#: A rank's own folder for what it makes: two that write files of one name do not meet.
OWN = "RANKZERO_RANK_OUTPUTS"


def environment(config: AgentConfig, topology: Topology, rank: Rank) -> Dict[str, str]:
    """All that a rank of this node finds in its environment, but for what is its process's own."""
    env = base_environment(config, contracts.defaults(topology, rank))
    env.update(contracts.environment(topology, rank))
    env[OWN] = os.path.join(config.outputs, "ranks", str(rank.rank))
    return env


def base_environment(config: AgentConfig, defaults: Dict[str, str]) -> Dict[str, str]:
    """What every rank inherits: the agent's environment, the defaults where neither it nor the
    user has a value, and the user's own. What belongs to the agent alone is taken out."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("RANKZERO_")}
    env = dict(defaults)
    env.update(inherited)
    env.update(config.env)
    env["RANKZERO_OUTPUTS"] = config.outputs
    env["RANKZERO_WORKDIR"] = config.workdir
    return env


def foreseen(config: AgentConfig, node: Node) -> List[Dict[str, str]]:
    """For each rank of this node, what holds whoever takes part: all that frameworks may read
    when they are imported. Which rank it will be is not in it."""
    alone = Topology(config.settings, 1, 0, (node,))
    return [settled(environment(config, alone, rank)) for rank in alone.ranks()]


def settled(env: Dict[str, str]) -> Dict[str, str]:
    """Without what only the membership decides."""
    return {name: value for name, value in env.items() if not contracts.by_membership(name)}
