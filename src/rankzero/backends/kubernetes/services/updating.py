"""An update as a user asks for it: some options said anew, and what travels sent anew."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from typing import Any

from rankzero.backends.kubernetes import submitting
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.services import changing, planning, sending
from rankzero.backends.kubernetes.services.changing import Changed
from rankzero.backends.kubernetes.trouble import Taken
from rankzero.driver.cluster import deployments
from rankzero.errors import BadRequest
from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.services.objects import labels
from rankzero.plan.kubernetes.services.sending import Cargo, config_maps
from rankzero.spec.services.making import change
from rankzero.spec.services.model import Service


def update(
    cluster: Cluster,
    name: str,
    options: Mapping[str, Any],
    without: Collection[str] = (),
    *,
    code: bool = False,
) -> Changed:
    """without: variables that go. code: the predictor's travels anew, from the folder that one is
    in; a model that is named, and lies here, does. Errors: SpecError, BadRequest, Refused."""
    packed: list[Cargo] | None = None
    model = options.get("model") is not None

    def changed(before: Service, deployment: Object) -> Service:
        nonlocal packed
        after = change(before, options, without=without)
        if after.predictor is None:
            if code or model:
                raise BadRequest(f"{name} serves no predictor; its image is all that it has.")
            return after
        if packed is None:
            packed = planning.cargo(after, code=code, model=model) if code or model else []
        _send(cluster, after, packed, deployment)
        return sending.loaded(after, packed) if packed else after

    sets = cluster.every("ReplicaSet", f"{names.SERVICE}={name}")["items"]
    done = changing.update(cluster, name, changed)
    for one in deployments.outlived(sets, done.deployment):
        cluster.delete("ConfigMap", one)
    return done


def _send(cluster: Cluster, service: Service, cargo: list[Cargo], deployment: Object) -> None:
    """What is there already has the same name, and the same content."""
    owner = deployments.owner_of(deployment)
    for one in cargo:
        for made, word, part in config_maps(service.name, labels(service), one):
            with contextlib.suppress(Taken):
                cluster.create(submitting.filled(made, {word: part}, owner))
