"""From a plan to the end of its run: what `run` and `rerun` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rankzero.agent import events as ev
from rankzero.backends.base import LogQuery, Submission, Unfetched
from rankzero.backends.facts import facts
from rankzero.cli.follow import exit_code, follow, view_of
from rankzero.cli.interrupts import Detached, Interrupts
from rankzero.cli.show import planned, programs, terminal
from rankzero.cli.show.bar import on_its_way

if TYPE_CHECKING:
    from rankzero.backends.base import Backend
    from rankzero.plan.model import Plan


class Way(NamedTuple):
    """How a plan is to be submitted and shown. ranks: whose lines are shown; None means all."""

    detach: bool = False
    dry_run: bool = False
    output: str = "text"
    ranks: frozenset[int] | None = None


def go(backend: Backend, plan: Plan, way: Way) -> int:
    """Submit it, and follow it unless detached; returns the exit code."""
    if way.dry_run:
        return _dry_run(plan, way)
    if way.output == "text":
        planned.say_plan(terminal.err(), plan)
    elif not way.detach:
        programs.print_line({"kind": "plan", **plan.to_json()})
    with on_its_way() as tell:
        submission = backend.submit(plan, detach=way.detach, tell=tell)
    if way.detach:
        return _detached(submission, way)
    return _attached(backend, plan, submission, way)


def _dry_run(plan: Plan, way: Way) -> int:
    if way.output == "json":
        programs.print_json(plan.to_json())
        return 0
    screen = terminal.out()
    for line in planned.plan_lines(plan):
        screen.say(line)
    return 0


def _detached(submission: Submission, way: Way) -> int:
    """The id alone on stdout: `id=$(rankzero run -d ...)`."""
    if way.output == "json":
        programs.print_json(
            {
                "run": submission.run,
                "outputs": None if submission.outputs is None else str(submission.outputs),
                "logs": None if submission.logs is None else str(submission.logs),
                "notices": list(submission.notices),
            }
        )
        return 0
    terminal.out().say(submission.run)
    _say_notices(submission)
    terminal.err().say(f"  detached; follow it: rankzero attach {submission.run}")
    return 0


def _attached(backend: Backend, plan: Plan, submission: Submission, way: Way) -> int:
    run, view = submission.run, view_of(way.output, submission.run)
    if way.output == "text":
        _say_notices(submission)
    interrupts = Interrupts(backend, run)
    try:
        with interrupts:
            history, seen = follow(backend, run, view, LogQuery(ranks=way.ranks))
    except Unfetched:
        known = facts(backend, run, backend.run(run).history, plan.to_json())
        view.end(known, None, submission.logs)
        raise
    except Detached as left:
        terminal.err().say(f"  {run} goes on; follow it: rankzero attach {run}")
        return left.code
    known = facts(backend, run, history, plan.to_json(), seen)
    outputs = submission.outputs
    if outputs is not None and not outputs.exists():  # of a run that never began
        outputs = None
    view.end(known, outputs, submission.logs)
    if history.state == ev.STOPPED and interrupts.code is not None:
        return interrupts.code
    return exit_code(history)


def _say_notices(submission: Submission) -> None:
    """What the submission itself found out; the plan's own notices stand below its line."""
    screen = terminal.err()
    for notice in submission.notices:
        screen.say("  " + screen.paint(f"note: {notice}", terminal.YELLOW))
