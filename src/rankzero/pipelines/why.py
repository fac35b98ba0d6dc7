"""Why a pipeline failed, was stopped, or goes on: in lines with a label each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from rankzero.agent import events as ev
from rankzero.driver import facts
from rankzero.errors import Error
from rankzero.why.words import count

if TYPE_CHECKING:
    from rankzero.pipelines.kept import Kept
    from rankzero.pipelines.progress import Progress

#: So many of a step's last lines are evidence.
_LINES = 8

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
    failed = progress.failed()
    assert progress.ended is not None
    if failed is None:  # a step that could not begin, or no step's fault
        yield "cause", progress.ended.why
        return
    tries = folder.graph()[failed.part.step].retries + 1
    attempts = f" (attempt {failed.attempt} of {tries})" if tries > 1 else ""
    yield "cause", f"{failed.part} {failed.cause}{attempts}"
    run = folder.inner_run(failed)
    inner = list(_of_run(run)) if run else []
    if inner:
        yield from inner
    else:
        for line in folder.last_lines(failed, _LINES):
            yield "", line
    blocked = [one.name for one in progress.steps() if one.state == facts.BLOCKED]
    if blocked:
        shown = ", ".join(blocked[:6]) + (", ..." if len(blocked) > 6 else "")
        yield "effect", f"{count(len(blocked), 'step')} could not begin: {shown}"
    yield "more", f"rankzero pipeline logs {folder.run} --step {failed.part.step}"


def _of_run(run: str) -> Iterator[Line]:
    """What is known of a run, as `rankzero why` says it."""
    from rankzero import backends, why
    from rankzero.backends.facts import facts as of_run

    with suppress(Error):  # it may have been deleted since
        backend, info = backends.find(run)
        if info.history.state != ev.SUCCEEDED:  # what came of it is not its fault then
            yield from why.account(of_run(backend, info.run, info.history))
