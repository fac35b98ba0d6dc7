"""A rank left with a code other than 0 and no exception: `sys.exit(3)`, or a command's own."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or not failure.code:
        return None
    last = next((line.strip() for line in reversed(failure.tail) if line.strip()), "")
    return finding("exit-code", facts, "", *([f"its last line: {last}"] if last else []))
