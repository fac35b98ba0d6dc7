"""A module is there, but not what was wanted of it."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    exception = failure.exception if failure else None
    if failure is None or not exception or exception.get("type") != "ImportError":
        return None
    python = str(facts.config(failure.node).get("python") or "python3")
    remedy = f"compare the installed versions with those it needs: {python} -m pip list"
    return finding("import-error", facts, remedy, f"the ranks ran under {python}")
