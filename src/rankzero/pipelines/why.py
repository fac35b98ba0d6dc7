"""Why a pipeline failed, was stopped, or goes on: in lines with a label each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from rankzero.agent import events as ev
from rankzero.backends.places import LOCAL
from rankzero.driver import facts
from rankzero.errors import Error
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.pipelines.kept import Kept
    from rankzero.pipelines.progress import Attempt, Failure, Progress

#: So many of a step's last lines are evidence: of the first one that failed, and of each other.
_LINES, _LINES_OF_OTHERS = 8, 2
#: So many failures are told with their causes, and of what has no cause there so many names.
_TOLD, _NAMED = 10, 6

Line = tuple[str, str]


def account(folder: Kept, progress: Progress) -> list[Line]:
    """What is known, in an order to be read: `cause`, what it rests on, and what to do next."""
    if progress.ended is None:
        return list(_going(folder, progress))
    if progress.state == facts.STOPPED:
        return [("cause", f"it was stopped by {progress.ended.why}")]
    if progress.state == facts.SUCCEEDED:
        return [("cause", "all its steps are done, or were left out by their conditions")]
    return list(_failed(folder, progress))


def _going(folder: Kept, progress: Progress) -> Iterator[Line]:
    steps = progress.steps()
    if not folder.driven():
        yield "cause", "nobody drives it any more: a kill, or the machine went down"
        yield "remedy", folder.onward()
        return
    running = [one.name for one in steps if one.state == facts.RUNNING]
    yield "cause", f"it goes on; at work: {', '.join(running) or 'nothing yet'}"
    if driver := folder.driver():
        yield "driver", driver
    yield from folder.obstacles([one for one in progress.attempts.values() if one.ended is None])
    graph, over = folder.graph(), {one.name for one in steps if one.ended is not None}
    waiting = [one.name for one in steps if one.state == facts.WAITING]
    for name in waiting[:_LINES]:
        open_ = [before for before in graph[name].before if before not in over]
        yield "waits", f"{name} for {', '.join(open_) or 'its turn'}"
    if len(waiting) > _LINES:
        yield "waits", f"and {len(waiting) - _LINES:,} more"


def _failed(folder: Kept, progress: Progress) -> Iterator[Line]:
    groups = _grouped(progress.failures())
    assert progress.ended is not None
    if not groups:  # no step's fault
        yield "cause", progress.ended.why
        return
    told = _told(groups)
    for at, group in enumerate(told):
        yield from _failure(folder, group, first=at == 0)
    rest = [str(one.fact.part) for group in groups if group not in told for one in group]
    if rest:
        yield "also", f"{len(rest):,} more failed: {_some(rest)}"
    blocked = [one.name for one in progress.steps() if one.state == facts.BLOCKED]
    if blocked:
        yield "effect", f"{count(len(blocked), 'step')} could not begin: {_some(blocked)}"
    began = [group[0].fact.part.step for group in told if group[0].attempt is not None]
    there = {name: _service(folder, name) for name in dict.fromkeys(began)}
    if steps := " ".join(f"--step {name}" for name, service in there.items() if not service):
        yield "more", f"rankzero pipeline logs {folder.run} {steps}"
    for service in filter(None, there.values()):
        yield "more", f"rankzero serve history {service}"


def _service(folder: Kept, step: str) -> str:
    """Of a step that is a service of a cluster its name: the lines are that one's."""
    body = folder.graph()[step].body
    return str(body["service"]["name"]) if "service" in body and folder.where != LOCAL else ""


def _grouped(failures: list[Failure]) -> list[list[Failure]]:
    """What failed, in order; together stand the parts of one step that failed alike."""
    found: dict[tuple[str, str], list[Failure]] = {}
    for one in failures:
        found.setdefault((one.fact.part.step, one.fact.cause), []).append(one)
    return [*found.values()]


def _told(groups: list[list[Failure]]) -> list[list[Failure]]:
    """Those that are told with their causes: the first of each step before a second of any."""
    heads = {group[0].fact.part.step: group for group in reversed(groups)}
    second = [heads[group[0].fact.part.step] is not group for group in groups]
    chosen = sorted(range(len(groups)), key=lambda at: (second[at], at))[:_TOLD]
    return [groups[at] for at in sorted(chosen)]


def _failure(folder: Kept, group: list[Failure], *, first: bool) -> Iterator[Line]:
    """One that failed, what shows why, and how many did alike."""
    (fact, attempt), *alike = group
    tries = folder.graph()[fact.part.step].retries + 1
    attempts = f" (attempt {fact.attempt} of {tries})" if tries > 1 and attempt else ""
    yield "cause" if first else "also", f"{fact.part} {fact.cause}{attempts}"
    yield from () if attempt is None else _evidence(folder, attempt, first=first)
    if alike:
        names = _some([str(one.fact.part) for one in alike])
        yield "", f"so did {count(len(alike), 'other part')}: {names}"


def _evidence(folder: Kept, attempt: Attempt, *, first: bool) -> Iterator[Line]:
    run = folder.inner_run(attempt)
    inner = list(_of_run(run)) if run else []
    if inner:
        yield from inner
        return
    for line in folder.last_lines(attempt, _LINES if first else _LINES_OF_OTHERS):
        yield "", line


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _of_run(run: str) -> Iterator[Line]:
    """What is known of a run, as `rankzero why` says it."""
    from rankzero import backends, why
    from rankzero.backends.facts import facts as of_run

    with suppress(Error):  # it may have been deleted since
        backend, info = backends.find(run)
        if info.history.state != ev.SUCCEEDED:  # what came of it is not its fault then
            yield from why.account(of_run(backend, info.run, info.history))
