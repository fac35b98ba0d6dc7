"""The answer to `why` as labelled lines: one wording for the screen, Python and programs."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.agent import events as ev
from rankzero.why.model import Facts
from rankzero.why.registry import explain
from rankzero.why.words import count

#: How many of the last lines the next command asks for.
MORE_LINES = 50
#: How many nodes a line names.
MOST_NODES = 8


def account(facts: Facts) -> Iterator[tuple[str, str]]:
    """(label, line): the cause, its evidence under an empty label, what else died of it, the
    remedy where one is known, and the next command."""
    finding, failure = explain(facts), facts.failure
    yield "cause", finding.title
    for line in finding.evidence:
        yield "", line
    if failure is not None and failure.others:
        verb = "was" if failure.others == 1 else "were"
        yield "others", f"{count(failure.others, 'other rank')} {verb} stopped by it"
    if failure is not None and failure.stuck:
        where = ", ".join(failure.stuck[:MOST_NODES])
        yield "stuck", f"ranks on {where} did not end after it, not even by SIGKILL"
    if finding.remedy:
        yield "remedy", finding.remedy
    if facts.history.state == ev.WAITING_STATE:
        yield "more", f"rankzero status {facts.run}"
        return
    rank = "" if failure is None or failure.rank is None else f"--rank {failure.rank} "
    yield "more", f"rankzero logs {facts.run} {rank}--tail {MORE_LINES}"


def message(facts: Facts) -> str:
    """The account as text: what a RunFailed says."""
    lines = [f"{facts.run} {facts.history.state}"]
    lines += [f"  {label:<7} {text}" for label, text in account(facts)]
    return "\n".join(lines)
