"""A node vanished, or was told to leave, and no restart was left."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import detail, phrase


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind not in ("node-lost", "node-left"):
        return None
    evidence = [] if failure.rank is None else [f"rank {failure.rank} was the first on it"]
    remedy = "let the run survive it: --max-restarts 1, or a range of nodes such as --nodes 1:2"
    if facts.history.max_restarts:
        used = f"{facts.history.restarts} of {facts.history.max_restarts} restarts were used"
        evidence.append(used)
        remedy = "a higher --max-restarts, or a range of nodes such as --nodes 1:2"
    return Finding("node-lost", phrase(failure), tuple(evidence), remedy, detail(failure))
