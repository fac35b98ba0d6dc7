"""What of a pipeline's folder travels because its steps name it, also where git ignores it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rankzero import spec
from rankzero.errors import BadRequest

if TYPE_CHECKING:
    from rankzero.spec.model import Job, Run
    from rankzero.spec.pipelines.model import Pipeline, Step

#: What stands between names in a word that a shell or a program takes apart: `--config=a.yaml`.
_BETWEEN = re.compile(r"[\s;&|<>()'\"=]+")


def scripts(pipeline: Pipeline) -> list[str]:
    """Those that the ranks of its jobs begin with: as of a run, they travel in every case."""
    jobs = [spec.again(step.job) for step in pipeline.steps.values() if step.job is not None]
    return [str(file) for job in jobs for file in spec.entry_files(job)]


def named(pipeline: Pipeline) -> list[str]:
    """Files of the folder whose names are words of its commands and jobs."""
    home = Path(pipeline.workdir)
    found: dict[str, None] = {}
    for step in pipeline.steps.values():
        folder = home if step.job is None else Path(step.job["workdir"])
        for name in filter(None, (name for word in _words(step) for name in _BETWEEN.split(word))):
            path = folder / name
            if not Path(name).is_absolute() and _is_in(home, path):
                found[str(path)] = None
    return [*found]


def inner_folder(name: str, step: Step, pipeline: Pipeline) -> str:
    """Where a step works, from the pipeline's folder on; `.` for that itself. name: of the step.

    Errors: BadRequest where its job works somewhere else, for nothing of that travels.
    """
    home = Path(pipeline.workdir)
    own = home if step.job is None else Path(step.job["workdir"])
    if not own.is_relative_to(home):
        raise BadRequest(
            f"the job of {name} works in {own}, and only the pipeline's folder travels: {home}",
            "Put what it needs into that folder, or name one that holds both: workdir: in the "
            "pipeline's file.",
        )
    return own.relative_to(home).as_posix()


def _words(step: Step) -> Iterator[str]:
    yield from step.command or ()
    if step.job is not None:
        job = spec.again(step.job)
        yield from job.args
        for run in _runs(job):
            yield from run.command or ()


def _runs(job: Job) -> Iterator[Run]:
    yield job.run
    yield from (role.run for role in job.roles.values() if role.run is not None)


def _is_in(home: Path, path: Path) -> bool:
    """Whether it is a file of the folder, which no link leads out of."""
    try:
        return path.is_file() and path.parent.resolve().is_relative_to(home.resolve())
    except (OSError, ValueError):  # a name that can be none
        return False
