"""The script raised an exception that nobody caught."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding, raised


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not raised(failure):
        return None
    return finding("exception", facts)
