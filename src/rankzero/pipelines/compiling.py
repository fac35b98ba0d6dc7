"""From what the user asks for to what a driver walks. Pure, but for the code that it looks at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rankzero.driver.graph import Graph, graph
from rankzero.driver.graph import Step as Compiled
from rankzero.pipelines import serving
from rankzero.pipelines.code import Code
from rankzero.spec.params import escape
from rankzero.spec.pipelines.coherence import cached, edges
from rankzero.spec.pipelines.model import Pipeline, Step

#: The first word of a command that means the interpreter of jobs.
_PYTHON = ("python", "python3")


def compiled(
    pipeline: Pipeline,
    code: Code | None,
    python: str,
    variables: Mapping[str, Mapping[str, str]] | None = None,
) -> Graph:
    """python: the interpreter that jobs get by default. code: None where nothing is to be done.
    variables: step -> what its environment has besides, which changes nothing of what it does.

    Errors: as of `Code.digest`.
    """
    more = variables or {}
    return graph(
        _step(name, step, pipeline, code, python, more.get(name, {}))
        for name, step in pipeline.steps.items()
    )


def _step(
    name: str,
    step: Step,
    pipeline: Pipeline,
    code: Code | None,
    python: str,
    variables: Mapping[str, str],
) -> Compiled:
    fixed = _body(step, pipeline, python, {})
    if "job" in fixed:
        fixed = {**fixed, "job": wherever(fixed["job"], pipeline)}
    key = _key(fixed, code.digest(step.code), python) if cached(pipeline, name) and code else ""
    return as_driven(name, step, _body(step, pipeline, python, variables))._replace(key=key)


def as_driven(name: str, step: Step, body: Mapping[str, Any]) -> Compiled:
    """A step as a driver sees it, never to be taken from the cache. body: what is done."""
    return edges(name, step)._replace(
        gives=dict(step.outputs),
        items=None if isinstance(step.for_each, str) else step.for_each,
        retries=step.retries,
        timeout=step.timeout,
        body=body,
    )


def _body(
    step: Step, pipeline: Pipeline, python: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    more = {name: escape(text) for name, text in variables.items()}
    env = {**more, **pipeline.env, **step.env}
    if step.job is not None:
        return {"job": {**step.job, "env": {**env, **step.job["env"]}}}
    if step.service is not None:
        asked = serving.asked(pipeline, step)
        asked["env"] = {**more, **asked["env"]}
        return {"service": asked, "pipeline": pipeline.name}
    assert step.command is not None
    first, *rest = step.command
    return {"argv": [python if first in _PYTHON else first, *rest], "env": env}


def wherever(job: Mapping[str, Any], pipeline: Pipeline) -> dict[str, Any]:
    """A job as it is in every copy of the pipeline's folder: what is in that is counted by its
    content. What lies elsewhere is not, so there it counts where it is."""
    place = Path(job["workdir"])
    if place.is_relative_to(pipeline.workdir):
        return {**job, "workdir": place.relative_to(pipeline.workdir).as_posix()}
    return dict(job)


def _key(body: dict[str, Any], code: str, python: str) -> str:
    told = json.dumps([body, code, python], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()
