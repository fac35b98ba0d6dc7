"""It did not fail: every rank that completes has exited 0."""

from __future__ import annotations

from rankzero.agent import events as ev
from rankzero.why.model import Facts, Finding
from rankzero.why.words import count, phrase


def find(facts: Facts) -> Finding | None:
    if facts.history.state != ev.SUCCEEDED:
        return None
    restarts = facts.history.restarts
    evidence: tuple[str, ...] = ()
    if restarts and facts.earlier:
        evidence = (f"after {count(restarts, 'restart')}: {phrase(facts.earlier)}",)
    return Finding("succeeded", "nothing is wrong: the run has succeeded", evidence)
