"""`rankzero.run_pipeline(...)`, which `run` and `start` of a decorated pipeline are: the command
line's way, from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero import backends
from rankzero.driver import facts
from rankzero.driver.facts import Output
from rankzero.errors import RunFailed, RunStopped
from rankzero.pipelines import stopping
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from rankzero.pipelines.here import Here
from rankzero.pipelines.launch import launch
from rankzero.pipelines.planning import Again, planned
from rankzero.pipelines.progress import Progress
from rankzero.pipelines.why import account
from rankzero.script.imported import check_not_importing
from rankzero.script.steps import Pipeline as Written
from rankzero.spec.pipelines.functions import loading
from rankzero.spec.pipelines.making import load_pipeline

if TYPE_CHECKING:
    from rankzero.backends.local.lifeline import Lifeline
    from rankzero.driver.engine import Given
    from rankzero.spec.pipelines.model import Pipeline


class PipelineResult(NamedTuple):
    """How a pipeline ended well. outputs: step -> name -> a value's text, or the path of a file or
    folder; of a step that goes through a list, a list of them. states: step -> `succeeded` or
    `skipped`. elapsed: seconds."""

    run: str
    outputs: Mapping[str, Mapping[str, Any]]
    states: Mapping[str, str]
    elapsed: float


class PipelineHandle:
    """A pipeline that was started. As long as it is not detached it ends with this process."""

    def __init__(self, folder: PipelineFolder, lifeline: Lifeline | None) -> None:
        self.id = folder.run
        self._folder, self._lifeline = folder, lifeline

    def __repr__(self) -> str:
        return f"<rankzero pipeline {self.id}>"

    @property
    def status(self) -> str:
        """`running`, `succeeded`, `failed` or `stopped`."""
        return self._progress().state

    def wait(self, timeout: float | None = None) -> PipelineResult:
        """Wait until it is over; timeout is in seconds.

        Errors: RunFailed, whose message is the `why`; RunStopped; TimeoutError, after which it goes
        on.
        """
        if not self._folder.lock.wait(timeout):
            raise TimeoutError(f"{self.id} is still {self.status} after {timeout:g} s")
        progress = self._progress()
        if progress.state == facts.SUCCEEDED:
            return _result(self.id, progress)
        raise (RunStopped if progress.state == facts.STOPPED else RunFailed)(self.why())

    def why(self) -> str:
        """Why it failed, was stopped, or goes on."""
        lines = account(Here(self._folder), self._progress())
        return "\n".join(f"{label:<7} {text}".strip() if label else text for label, text in lines)

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        stopping.stop(self._folder, "its handle")

    def _progress(self) -> Progress:
        return Progress(self._folder.graph(), self._folder.events())


def run_pipeline(
    pipeline: str | os.PathLike[str] | Written[..., Any],
    *,
    params: Mapping[str, Any] | None = None,
    slots: int | None = None,
    rerun: Sequence[str] = (),
    since: str | None = None,
    cache: bool = True,
    detach: bool = False,
) -> PipelineHandle:
    """Start a pipeline and return at once with its handle, whose `wait()` gives the result.

    pipeline: a decorated function, or the path of a file. params: values of its params. slots: how
    many steps run at once. rerun: steps that are done again. since: this step and all after it are.
    cache: False does all again. detach: let it go on when this process ends.
    Errors: BadRequest, before anything was started; Refused; RuntimeError while the file of its
    steps is imported.
    """
    check_not_importing("a pipeline's run()")
    found, file = asked(pipeline, params)
    pipelines = Pipelines()
    with pipelines.artifacts.lock.shared():  # until a ledger has what is taken over
        plan = planned(pipelines, found, Again(rerun, not cache, since), slots, file)
        return PipelineHandle(*launch(pipelines, plan.run, plan.plan, plan.known, detach))


def asked(
    pipeline: str | os.PathLike[str] | Written[..., Any], params: Mapping[str, Any] | None
) -> tuple[Pipeline, Path | None]:
    """The pipeline, and its file where that is no code. Errors: SpecError."""
    defaults = backends.config().defaults_at("local")
    sets = [f"{name}={value}" for name, value in (params or {}).items()]
    if isinstance(pipeline, Written):
        return loading.made(pipeline, sets, defaults), None
    name = os.fspath(pipeline)
    found = load_pipeline(name, sets=sets, defaults=defaults)
    return found, None if loading.is_python(name) else Path(name)


def _result(run: str, progress: Progress) -> PipelineResult:
    steps = progress.steps()
    assert progress.ended is not None
    return PipelineResult(
        run,
        {one.name: {name: _plain(given) for name, given in one.outputs.items()} for one in steps},
        {one.name: one.state for one in steps},
        progress.ended.time - (progress.began or progress.ended.time),
    )


def _plain(given: Given) -> Any:  # noqa: ANN401
    if isinstance(given, Output):
        return Path(given.where) if given.where else given.value
    return [_plain(one) for one in given]
