"""It is still under way; a failure that it has survived is told."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import phrase


def find(facts: Facts) -> Finding | None:
    history = facts.history
    if history.final:
        return None
    title = f"nothing has ended it: the run is {history.state} (generation {history.generation})"
    evidence = []
    if facts.earlier:
        used = f"{history.restarts} of {history.max_restarts} restarts used"
        evidence.append(f"{used}; the last failure: {phrase(facts.earlier)}")
    remedy = f"watch it: rankzero attach {facts.run}; look inside: rankzero exec {facts.run}"
    return Finding("going-on", title, tuple(evidence), remedy)
