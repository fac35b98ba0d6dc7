"""The nodes of a run in an order that stays: they join in any."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.agent.history import History, NodeState


def ordered(history: History) -> list[NodeState]:
    """By role, and within a role by number: worker/2 before worker/10."""
    return sorted(history.nodes.values(), key=lambda node: by_place(node.node))


def by_place(name: str) -> tuple[str, int, str]:
    """What sorts the nodes' names so."""
    role, _, index = name.rpartition("/")
    return (role, int(index) if index.isdecimal() else 0, name)
