"""A file of the user's is not Python."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding

_KINDS = ("SyntaxError", "IndentationError", "TabError")


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not failure.exception or failure.exception.get("type") not in _KINDS:
        return None
    python = facts.config(failure.node).get("python")
    remedy = "correct the line"
    if python:
        remedy += f"; if it is right for a newer Python: the ranks ran under {python} (--python)"
    return finding("syntax-error", facts, remedy)
