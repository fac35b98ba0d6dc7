"""Whoever kept the run going is gone, and had no time to say how it ended."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind != "cut-off":
        return None
    evidence = (failure.message,) if failure.message else ()
    title = "the run was cut off: what supervised it ended without a word"
    remedy = (
        "look whether the machine restarted (uptime -s) or killed it (dmesg -T); "
        f"then start it again: rankzero rerun {facts.run}"
    )
    return Finding("cut-off", title, evidence, remedy, failure.tail)
