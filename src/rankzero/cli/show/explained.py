"""The long answer to `why`: the account, the whole evidence, and the neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rankzero.agent import events as ev
from rankzero.cli.show.ending import end_line, say_account
from rankzero.cli.show.lines import visible
from rankzero.cli.show.nodes import ordered
from rankzero.cli.show.terminal import BOLD, DIM
from rankzero.why import Facts, explain
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.agent.history import History
    from rankzero.cli.show.terminal import Screen


def say_why(screen: Screen, facts: Facts) -> None:
    """Print all that is known about why a run is in its state."""
    screen.say(f"{screen.paint(facts.run, BOLD)}  {end_line(facts.history)}")
    say_account(screen, facts)
    failure, finding = facts.failure, explain(facts)
    if finding.detail:
        output = failure is not None and finding.detail == failure.tail
        screen.say("")
        screen.say(screen.paint("its last lines" if output else "traceback", BOLD))
        for line in finding.detail:
            screen.say("  " + visible(line))
    nodes = list(neighbours(facts.history))
    if nodes:
        screen.say("")
        screen.say(screen.paint("nodes", BOLD))
        for line in nodes:
            screen.say("  " + screen.paint(line, DIM))


def neighbours(history: History) -> Iterator[str]:
    """What each node was doing: `worker/1  running  ranks 2-3  lost once`."""
    width = max((len(name) for name in history.nodes), default=0)
    cause = history.cause or {}
    for node in ordered(history):
        words = [f"{node.node:<{width}}", f"{node.state:<7}", span(node.ranks)]
        if node.losses:
            words.append(f"lost {count(node.losses, 'time')}")
        if node.node == cause.get("node") and history.state == ev.FAILED:
            words.append("<- the cause")
        yield "  ".join(word for word in words if word)


def span(ranks: tuple[int, ...]) -> str:
    """`rank 3`, `ranks 0-3`, `ranks 0-1,4`; empty for none."""
    runs: list[list[int]] = []
    for rank in sorted(ranks):
        if runs and rank == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], rank]
        else:
            runs.append([rank, rank])
    text = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return f"rank{'' if len(ranks) == 1 else 's'} {text}" if text else ""
