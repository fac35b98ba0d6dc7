"""The script raised an exception that nobody caught."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding, left


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not failure.exception or left(failure):
        return None
    return finding("exception", facts)
