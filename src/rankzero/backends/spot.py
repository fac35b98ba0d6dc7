"""A place in a run, as a user names it, and what a node says of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rankzero.agent.roster import Roster
from rankzero.errors import BadRequest, Refused


@dataclass(frozen=True)
class Spot:
    """The node of a rank, or a node by its name (`worker/0`); neither is rank 0's node."""

    rank: int | None = None
    node: str | None = None

    def known(self, run: str, nodes: Sequence[str]) -> str | None:
        """The node, where that is known without asking; nodes are those that the run asked for.
        Rank 0 is always on the first. Errors: BadRequest for a node that the run has not."""
        if self.node is None:
            return nodes[0] if not self.rank else None
        if self.node in nodes:
            return self.node
        alike = [node for node in nodes if node.endswith(f"/{self.node}")]
        if len(alike) == 1:  # its number alone
            return alike[0]
        raise BadRequest(f'{run} has no node "{self.node}". It has: {_listed(nodes)}.')

    def among(self, run: str, roster: Roster | None) -> str:
        """The rank's node, by what any node of the run tells.

        Errors: Refused where no ranks run, BadRequest for a rank that there is not.
        """
        if roster is None:
            raise Refused(
                f"No rank of {run} runs at present.", f"Why: rankzero why {run}; or name a --node"
            )
        for rank in roster.topology.ranks():
            if rank.rank == self.rank:
                node = roster.topology.nodes[rank.node_rank]
                return f"{node.role}/{node.index}"
        size = roster.topology.world_size
        here = "rank 0" if size == 1 else f"ranks 0-{size - 1}"
        raise BadRequest(f"There is no rank {self.rank}. {run} has {here}.")


def _listed(nodes: Sequence[str]) -> str:
    return ", ".join(nodes[:8]) + (", ..." if len(nodes) > 8 else "")
