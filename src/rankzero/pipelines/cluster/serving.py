"""A step that is a service, as a driver on a cluster leaves it running."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rankzero.backends.kubernetes.images import IMAGE
from rankzero.backends.kubernetes.services import planning
from rankzero.driver.graph import PATH
from rankzero.errors import BadRequest
from rankzero.pipelines.cluster import volumes
from rankzero.plan.kubernetes import layout
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.services import ServicePlan
from rankzero.spec.given import from_python
from rankzero.spec.pipelines.model import Pipeline
from rankzero.spec.problems import Place, Problem, SpecError
from rankzero.spec.services.making import ON_A_CLUSTER, make
from rankzero.spec.services.model import Service

#: The volume of a service with what steps have handed on, and where it is.
_HANDED, _THERE = "handed-on", "/handed-on"


class Served(NamedTuple):
    """A service, compiled. body: see `driver.cluster.serving`. carried: the objects that travel
    with the pipeline, whose bytes are in the plan's blobs."""

    plan: ServicePlan
    body: dict[str, Any]
    carried: tuple[Mapping[str, Any], ...]

    @property
    def blobs(self) -> Iterable[tuple[str, bytes]]:
        return self.plan.blobs.items()


def compiled(
    name: str, pipeline: Pipeline, facts: Facts, carrier: str, handed: str | None
) -> Served:
    """name: of the step. carrier: the pipeline's run. handed: the claim on which lies what steps
    hand on; None where there is none.

    Errors: BadRequest, SpecError, Refused.
    """
    step = pipeline.steps[name]
    service = _service(name, pipeline, carrier, handed)
    travels = planning.cargo(service, here=Path(pipeline.workdir)) if service.predictor else []
    plan = planning.compiled(facts, service, travels)
    carried = tuple(one for one in plan.manifests if one["kind"] == "ConfigMap")
    made = [one for one in plan.manifests if one["kind"] != "ConfigMap"]
    body = {
        "name": service.name,
        "manifests": made,
        "carried": [one["metadata"]["name"] for one in carried],
        "request": plan.service.to_json(),
        "wait": service.wait,
        "pipeline": pipeline.name,
        "volume": layout.OUTPUT_VOLUME,
        "address": f"http://{service.name}.{facts.namespace}:{service.port}",
    }
    env = {**pipeline.env, **step.env}
    return Served(plan, {"service": body, "env": env}, carried)


def _service(name: str, pipeline: Pipeline, carrier: str, handed: str | None) -> Service:
    step = pipeline.steps[name]
    data = dict(step.service or {})
    if data.get("predictor") is not None:
        data = {**planning.PREDICTOR, **data}
    if data.get("image") is None and os.environ.get(IMAGE):
        data["image"] = os.environ[IMAGE]
    data["env"] = {**pipeline.env, **step.env, **data["env"]}
    mounted = {**data["volumes"], **volumes.mounted(pipeline, step, carrier)}
    files = [key for key, source in step.inputs.items() if _is_path(pipeline, source)]
    if files:
        if _HANDED in mounted:
            said = "is what the volume with the files that the step takes is called; rename it"
            raise SpecError([_problem(name, f"volumes.{_HANDED}", said)])
        data["volumes"] = {**mounted, _HANDED: _handed_on(handed)}
        data["env"] = {key: _there(text, files) for key, text in data["env"].items()}
        data["command"] = [_there(word, files) for word in data["command"]]
    model = data.get("model") or ""
    if any(model.startswith(_taken(one)) for one in files):
        data["model"] = f"volume:{_HANDED}/{model}"
    elif "${inputs." in model and not model.startswith(("image:", "volume:")):
        said = "begins with a path that the step takes, or names a file or folder that lies here"
        raise SpecError([_problem(name, "model", said)])
    return _checked(name, {**data, "volumes": data["volumes"] if files else mounted})


def _is_path(pipeline: Pipeline, source: str) -> bool:
    step, _, output = source.partition(".")
    return pipeline.steps[step].outputs[output] == PATH


def _taken(name: str) -> str:
    return f"${{inputs.{name}}}"


def _there(text: str, files: list[str]) -> str:
    """Of a path that the step takes, what is filled in is its place on the volume."""
    names = "|".join(map(re.escape, files))
    return re.sub(rf"(?<!\$)(\$\{{inputs\.(?:{names})\}})", rf"{_THERE}/\1", text)


def _handed_on(claim: str | None) -> dict[str, Any]:
    """The volume with the files that a step takes. Errors: BadRequest where there is none."""
    if claim is None:
        raise BadRequest(
            "takes files, and on a cluster steps have no disk in common.",
            "Name a volume that all of them can mount: output_volume: NAME, in the pipeline's file "
            "or the profile",
        )
    return {"claim": claim, "path": _THERE, "read_only": True}


def _checked(name: str, data: dict[str, Any]) -> Service:
    """Errors: SpecError."""
    missing = [_problem(name, key, "is missing") for key in ON_A_CLUSTER if data.get(key) is None]
    problems = [*missing]
    tree = from_python(data, Place(path=("steps", name, "service")), problems)
    if problems:
        raise SpecError(problems)
    return make({}, file=tree, needed=())


def _problem(step: str, key: str, message: str) -> Problem:
    return Problem(Place(path=("steps", step, "service", key)), message)
