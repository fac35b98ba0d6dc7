"""From what was asked for to a service's plan on a cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.images import IMAGE
from rankzero.backends.kubernetes.services import sending
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.services import ServicePlan, compile_service
from rankzero.plan.kubernetes.services.objects import labels
from rankzero.plan.kubernetes.services.sending import Cargo, config_maps
from rankzero.serving.settings import LIVE, READY
from rankzero.spec.given import Given
from rankzero.spec.names import valid
from rankzero.spec.services.making import make
from rankzero.spec.services.model import Service

#: What a predictor's server answers at, and where, unless something else is said.
PREDICTOR = {"port": 8000, "ready": READY, "live": LIVE}


def plan(
    cluster: Cluster,
    options: Mapping[str, Any],
    *,
    predictor: str | None = None,
    file: Given | None = None,
    defaults: Given,
) -> ServicePlan:
    """predictor: a class, FILE.py:CLASS. file: the keys of a service, weaker than the options.

    Errors: BadRequest, SpecError.
    """
    said = file or Given({})
    options = dict(options)
    if predictor is not None:
        options["predictor"] = predictor
    predictor = options.get("predictor") or said.find(("predictor",)).text or None

    def unsaid(key: str) -> bool:
        return key not in options and key not in said.entries

    if predictor is not None:
        options |= {key: value for key, value in PREDICTOR.items() if unsaid(key)}
    if unsaid("image") and "image" not in defaults.entries and os.environ.get(IMAGE):
        options["image"] = os.environ[IMAGE]
    image = options.get("image") or said.find(("image",)).text
    if unsaid("name") and (predictor or image):
        options["name"] = _name(predictor, str(image))
    service = make(options, file=file, defaults=defaults)
    facts = Facts(cluster.context, cluster.namespace)
    return compiled(facts, service, cargo(service) if service.predictor else [])


def cargo(
    service: Service, *, code: bool = True, model: bool = True, here: Path | None = None
) -> list[Cargo]:
    """What travels for a predictor. here: the folder that it is in; by default the current one.
    Errors: BadRequest, Refused."""
    assert service.predictor is not None
    here = here or Path.cwd()
    found = [sending.server()]
    if code:
        found.append(sending.code(service.predictor, here))
    if model and service.model is not None and (weights := sending.model(service.model, here)):
        found.append(weights)
    return found


def compiled(facts: Facts, service: Service, travels: list[Cargo]) -> ServicePlan:
    service = sending.loaded(service, travels)
    made = [one for each in travels for one in config_maps(service.name, labels(service), each)]
    blobs = {word: part for _, word, part in made}
    return compile_service(service, facts, blobs, tuple(one for one, _, _ in made))


def _name(predictor: str | None, image: str) -> str:
    """A predictor's file's, or the last part of an image's: `web` of `registry:5000/team/web:2`."""
    if predictor is not None:
        return valid(Path(predictor.rpartition(":")[0]).stem, otherwise="service")
    return valid(PurePath(image.partition("@")[0]).name.partition(":")[0], otherwise="service")
