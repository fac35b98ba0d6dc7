"""A failure of which nobody wrote down more than that it happened."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding


def find(facts: Facts) -> Finding | None:
    remedy = f"look at its history: rankzero events {facts.run}"
    if facts.failure is None:
        return Finding("unrecorded", "the run failed, and its history does not say why", (), remedy)
    return finding("unrecorded", facts, remedy)
