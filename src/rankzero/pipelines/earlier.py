"""What an earlier run of a pipeline left, for one that begins in the middle."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from rankzero.driver import facts
from rankzero.driver.facts import Output
from rankzero.driver.graph import PATH, Graph, Step
from rankzero.errors import BadRequest, Refused

if TYPE_CHECKING:
    from rankzero.pipelines.kept import Kept
    from rankzero.spec.pipelines.model import Pipeline


def earlier(
    run: Kept | None,
    pipeline: Pipeline,
    steps: Graph,
    since: str,
    after: set[str],
    there: Callable[[Output], bool],
) -> Iterator[facts.Fact]:
    """The facts by which steps are over that are not among `after`, as an earlier run left them.
    after: `since`, and all that come after it. there: whether an artifact still is.

    Errors: BadRequest where one that comes before it has no result there that fits.
    """
    if run is None:
        raise BadRequest(
            f"--from: no earlier run of {pipeline.name} in {pipeline.workdir} is here.",
            "Run it whole first.",
        )
    known = _by_step(run)
    needed = _before(steps, since)
    now = time.time()
    for name, step in steps.items():
        if name in after:
            continue
        told = known.get(name, [])
        if _fits(step, told, there):
            yield from (_now(fact, now) for fact in told)
        elif name in needed:
            raise BadRequest(
                f"--from: {run.run}, the newest run of {pipeline.name}, has no result of {name} "
                "that is what it would be now.",
                "Begin further up, or run it whole.",
            )


def newest(runs: Iterable[Kept], pipeline: Pipeline) -> Kept | None:
    """The newest one of the same pipeline in the same folder."""
    found: list[tuple[float, Kept]] = []
    for one in runs:
        try:
            plan = one.plan()
            if (plan["name"], plan["workdir"]) == (pipeline.name, pipeline.workdir):
                found.append((one.created, one))
        except (Refused, OSError):  # torn, or just being deleted
            continue
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _by_step(run: Kept) -> dict[str, list[facts.Fact]]:
    """The facts that last: what a step goes through, what its parts handed on, that it was left
    out."""
    found: dict[str, list[facts.Fact]] = {}
    for event in run.events():
        fact = facts.from_event(event)
        if isinstance(fact, (facts.Expanded, facts.LeftOut)):
            found.setdefault(fact.step, []).append(fact)
        elif isinstance(fact, facts.Committed):
            found.setdefault(fact.part.step, []).append(fact)
    return found


def _fits(step: Step, told: list[facts.Fact], there: Callable[[Output], bool]) -> bool:
    """Whether these facts make the step over as it is asked for now."""
    if any(isinstance(fact, facts.LeftOut) for fact in told):
        return bool(step.when) or bool(step.reads)
    expanded = [fact for fact in told if isinstance(fact, facts.Expanded)]
    parts = {fact.part.at: fact for fact in told if isinstance(fact, facts.Committed)}
    wanted = {-1}
    if step.fans_out:
        if len(expanded) != 1 or step.items not in (None, expanded[0].items):
            return False
        wanted = set(range(len(expanded[0].items)))
    elif expanded:
        return False
    return set(parts) == wanted and all(_hands_on(step, fact, there) for fact in parts.values())


def _hands_on(step: Step, fact: facts.Committed, there: Callable[[Output], bool]) -> bool:
    """Whether all that the step gives now was given, in the same way, and is still there."""
    if fact.outputs.keys() != step.gives.keys():
        return False
    return all(
        bool(output.where) and there(output) if step.gives[name] == PATH else not output.where
        for name, output in fact.outputs.items()
    )


def on_disk(output: Output) -> bool:
    return os.path.lexists(output.where)


def _now(fact: facts.Fact, now: float) -> facts.Fact:
    if isinstance(fact, facts.Committed):
        return fact._replace(time=now, cached=True)
    assert isinstance(fact, (facts.Expanded, facts.LeftOut))
    return fact._replace(time=now)


def _before(steps: Graph, name: str) -> set[str]:
    """All that a step depends on."""
    found: set[str] = set()
    waiting = [*steps[name].before]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += steps[one].before
    return found
