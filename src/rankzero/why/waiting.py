"""It has not begun: nodes are awaited."""

from __future__ import annotations

from rankzero.agent import events as ev
from rankzero.why.model import Facts, Finding
from rankzero.why.words import count


def find(facts: Facts) -> Finding | None:
    history = facts.history
    if history.state != ev.WAITING_STATE:
        return None
    here = count(len(history.nodes), "node") + " here"
    awaited = ", ".join(history.waiting_for)
    title = f"the run waits for {awaited}" if awaited else "the run waits for its nodes"
    return Finding("waiting", title, (here,), f"watch it: rankzero events {facts.run} --follow")
