"""A step that is a service, as it is left running on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rankzero.pipelines.telling import of_step
from rankzero.plan.kubernetes.services.sending import ON_VOLUME
from rankzero.serving.settings import READY
from rankzero.spec.pipelines.model import Pipeline, Step


def asked(pipeline: Pipeline, step: Step) -> dict[str, Any]:
    """What is asked for, by the keys of a service."""
    assert step.service is not None
    env = {**pipeline.env, **step.env, **step.service["env"]}
    ready = {"ready": READY} if step.service.get("predictor") is not None else {}
    return {**ready, **step.service, "env": env}


def check(pipeline: Pipeline) -> None:
    """What is known before anything starts. Errors: BadRequest, SpecError, Refused."""
    from rankzero.backends.local.services.changing import check_owner
    from rankzero.backends.local.services.folder import Services
    from rankzero.backends.local.services.planning import plan
    from rankzero.spec.services.model import Service

    services = Services()
    for name, step in pipeline.steps.items():
        if step.service is None:
            continue
        known = asked(pipeline, step)
        if not _is_missing(known.get("model"), pipeline, step):
            known.pop("model", None)  # what it holds is read when the step's turn has come
        service = Service.model_validate(known)
        folder = services.folder(service.name)
        with of_step(name):
            if folder.exists:
                check_owner(folder.record(), pipeline.name)
            plan(services, service, Path(pipeline.workdir), pipeline.name)


def _is_missing(model: str | None, pipeline: Pipeline, step: Step) -> bool:
    """Whether a model is named that lies nowhere, and that no step can have made until then."""
    if model is None or model.startswith(ON_VOLUME) or "${" in model:
        return False
    return not (step.needs or step.inputs or (Path(pipeline.workdir) / model).exists())
