"""Somebody stopped it, and its history says who."""

from __future__ import annotations

from rankzero.agent import events as ev
from rankzero.why.model import Facts, Finding
from rankzero.why.words import phrase


def find(facts: Facts) -> Finding | None:
    if facts.history.state != ev.STOPPED:
        return None
    evidence = (f"before that, {phrase(facts.earlier)}",) if facts.earlier else ()
    remedy = f"start it again: rankzero rerun {facts.run}"
    by = f" ({facts.history.stopped_by})" if facts.history.stopped_by else ""
    return Finding("stopped", f"the run was stopped before it was done{by}", evidence, remedy)
