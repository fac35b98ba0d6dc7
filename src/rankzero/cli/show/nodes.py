"""The nodes of a run in an order that stays: they join in any."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.agent.history import History, NodeState


def ordered(history: History) -> list[NodeState]:
    """By role, and within a role by number: worker/2 before worker/10."""
    return sorted(history.nodes.values(), key=_place)


def _place(node: NodeState) -> tuple[str, int, str]:
    role, _, index = node.node.rpartition("/")
    return (role, int(index) if index.isdecimal() else 0, node.node)
