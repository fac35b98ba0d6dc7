"""From a checked pipeline to its end, or to its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rankzero.cli.pipeline.attached import attached, detached
from rankzero.cli.show import programs, terminal
from rankzero.cli.show.planned_steps import plan_lines, say_plan
from rankzero.pipelines.folder import Pipelines
from rankzero.pipelines.launch import launch
from rankzero.pipelines.planning import Again, Planned, planned

if TYPE_CHECKING:
    from pathlib import Path

    from rankzero.spec.pipelines.model import Pipeline


class Way(NamedTuple):
    """How a pipeline is to be run and shown. slots: see `planned`."""

    again: Again = Again()
    slots: int | None = None
    detach: bool = False
    dry_run: bool = False
    output: str = "text"


def go(pipeline: Pipeline, file: Path | None, way: Way) -> int:
    """Start it, and follow it unless detached; returns the exit code. file: see `planned`."""
    pipelines = Pipelines()
    with pipelines.artifacts.lock.shared():  # until a ledger has what is taken over
        plan = planned(pipelines, pipeline, way.again, way.slots, file)
        if way.dry_run:
            return _dry_run(plan, pipeline, way)
        if way.output == "text":
            say_plan(terminal.err(), plan.run, plan.plan, pipeline)
        folder, lifeline = launch(pipelines, plan.run, plan.plan, plan.known, way.detach)
    if lifeline is None:
        return detached(folder, way.output)
    return attached(folder, lifeline, way.output)


def _dry_run(plan: Planned, pipeline: Pipeline, way: Way) -> int:
    if way.output == "json":
        programs.print_json({"run": plan.run, **plan.plan})
        return 0
    for line in plan_lines(plan.run, plan.plan, pipeline):
        terminal.out().say(line)
    return 0
