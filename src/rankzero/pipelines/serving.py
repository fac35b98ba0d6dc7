"""A step that is a service, as it is left running on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
    for step in pipeline.steps.values():
        if step.service is not None:
            # Where its model is, may be known only when its turn has come.
            known = {key: one for key, one in asked(pipeline, step).items() if key != "model"}
            service = Service.model_validate(known)
            folder = services.folder(service.name)
            if folder.exists:
                check_owner(folder.record(), pipeline.name)
            plan(services, service, Path(pipeline.workdir), pipeline.name)
