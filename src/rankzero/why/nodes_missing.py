"""Too few nodes came within the waiting time."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind != "nodes-missing":
        return None
    limits = facts.config().get("limits") or {}
    remedy = f"see what the nodes said: rankzero events {facts.run}; or ask for a range of nodes"
    if limits.get("join_wait"):
        remedy += f", or wait longer than {limits['join_wait']:g} s (--wait)"
    title = failure.message or "not all nodes came within the waiting time"
    return Finding("nodes-missing", title, (), remedy)
