"""From a checked pipeline to the plan that its folder holds."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.backends.home import no_code
from rankzero.backends.local.facts import gather
from rankzero.backends.local.folders import Folders
from rankzero.driver import facts, graph
from rankzero.driver.graph import Graph
from rankzero.errors import BadRequest
from rankzero.pipelines import serving
from rankzero.pipelines import volumes as volumes_of
from rankzero.pipelines.code import Code
from rankzero.pipelines.compiling import compiled
from rankzero.pipelines.earlier import earlier, newest, on_disk
from rankzero.pipelines.folder import Pipelines
from rankzero.pipelines.here import Here
from rankzero.spec.names import run_id
from rankzero.spec.pipelines.coherence import cached
from rankzero.spec.problems import did_you_mean

if TYPE_CHECKING:
    from rankzero.spec.pipelines.model import Pipeline


class Again(NamedTuple):
    """What is done again. steps: those whose earlier results are not taken; everything: so it is
    with all. since: this step and all after it are done, and those before it are as the newest run
    left them."""

    steps: Sequence[str] = ()
    everything: bool = False
    since: str | None = None


class Planned(NamedTuple):
    """run: its id. plan: see `PipelineFolder.plan`. known: facts that its ledger begins with."""

    run: str
    plan: dict[str, Any]
    known: tuple[facts.Fact, ...]


def planned(
    pipelines: Pipelines, pipeline: Pipeline, again: Again, slots: int | None, file: Path | None
) -> Planned:
    """slots: how many parts run at once; by default one a processor. file: where the pipeline was
    read from, which is no code of its steps.

    Errors: BadRequest for steps that are not there, or have no earlier result; Refused.
    """
    workdir = checked_folder(pipeline)
    serving.check(pipeline)
    machine = gather()
    skip = [*no_code(None), *([] if file is None else [file.absolute()])]
    code = Code(workdir, tuple(skip))
    # Before the contents are read: what is changed meanwhile then has another stamp.
    in_cache = {name: step for name, step in pipeline.steps.items() if cached(pipeline, name)}
    counts = {step.code for step in in_cache.values()}
    stamps = {paths: code.stamp(paths) for paths in counts}
    run = _new_id(pipelines, pipeline.name)
    volumes = _volumes(pipelines, pipeline, run)
    found = {
        name: volumes_of.variables(step, volumes.places) for name, step in pipeline.steps.items()
    }
    steps = compiled(pipeline, code, machine.python, found)
    after = done_again(steps, again)
    plan = {
        "name": pipeline.name,
        "workdir": pipeline.workdir,
        "slots": slots or max(1, machine.cpus),
        "rerun": rerun(steps, again, after),
        "params": {name: param.value for name, param in pipeline.params.items()},
        "skip": [str(one) for one in skip],
        "code": {
            name: {"paths": list(step.code), "stamp": stamps[step.code]}
            for name, step in in_cache.items()
        },
        "steps": graph.to_json(steps),
        "volumes": {"kept": list(volumes.kept), "own": list(volumes.own)},
        "note": volumes_of.notice(pipeline, volumes.places),
    }
    known: tuple[facts.Fact, ...] = ()
    if again.since is not None:
        before = newest(map(Here, pipelines), pipeline)
        known = tuple(earlier(before, pipeline, steps, again.since, after, on_disk))
    return Planned(run, plan, known)


def _volumes(pipelines: Pipelines, pipeline: Pipeline, run: str) -> volumes_of.Wanted:
    """Errors: BadRequest for those that steps mount and nobody makes here."""
    folders = Folders(pipelines.path.parent)
    wanted = volumes_of.wanted(pipeline, pipelines.folder(run).path, folders)
    if missing := volumes_of.missing(pipeline, wanted.places):
        raise BadRequest(
            f"This machine has no volume for {', '.join(missing)}; nothing was started.",
            f"Give it a size, or make it: rankzero volume create {missing[0]} --size 5Gi",
        )
    return wanted


def checked_folder(pipeline: Pipeline) -> Path:
    """Where its commands run. Errors: BadRequest where there is no such folder."""
    workdir = Path(pipeline.workdir)
    if not workdir.is_dir():
        message = f"workdir: there is no folder {workdir}; nothing was started."
        raise BadRequest(message, "It is relative to the pipeline's file.")
    return workdir


def done_again(steps: Graph, again: Again) -> set[str]:
    """`again.since` and all that comes after it. Errors: BadRequest for what is no step."""
    for name in (*again.steps, *filter(None, [again.since])):
        if name not in steps:
            raise BadRequest(f'There is no step "{name}"{did_you_mean(name, steps)}')
    return set() if again.since is None else reached(steps, again.since)


def rerun(steps: Graph, again: Again, after: set[str]) -> list[str]:
    """The steps whose earlier results are not taken."""
    return sorted(steps if again.everything else {*again.steps, *after})


def _new_id(pipelines: Pipelines, name: str) -> str:
    run = run_id(name, secrets.token_hex(2))
    while pipelines.folder(run).path.exists():
        run = run_id(name, secrets.token_hex(2))
    return run


def reached(steps: Graph, start: str) -> set[str]:
    """The step and all that come after it."""
    found = {start}
    for name, step in steps.items():  # each after all that it depends on
        if found & {*step.before}:
            found.add(name)
    return found
