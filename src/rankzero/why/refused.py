"""A node could not run this job, now or after a restart; its own words are the best."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import detail


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind != "refused":
        return None
    node = f"node {failure.node}" if failure.node else "a node"
    said, *more = (failure.message or "it gave no reason").splitlines()
    return Finding("refused", f"{node} cannot run it: {said}", tuple(more), "", detail(failure))
