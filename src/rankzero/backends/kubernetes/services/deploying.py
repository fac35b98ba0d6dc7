"""A service made real, so that a crash leaves nothing that deleting it does not remove.

The Deployment comes first, paused; it owns all the rest; then it is let go.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import Any

from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.preflight import judged
from rankzero.backends.kubernetes.preflight.model import Pods, Request
from rankzero.backends.kubernetes.preflight.request import sizes_of, without_blobs
from rankzero.backends.kubernetes.remembered import remember
from rankzero.backends.kubernetes.submitting import filled, undo
from rankzero.backends.kubernetes.trouble import Forbidden, Taken, Unreachable
from rankzero.driver.cluster import deployments
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import rights
from rankzero.plan.kubernetes.services import ServicePlan, objects

#: Of a service that is new.
NEW = "deployed"


def check(cluster: Cluster, plan: ServicePlan, *, wait_for_nodes: bool = False) -> ServicePlan:
    """The plan with what was checked. Errors: BadRequest, Refused, with all findings."""
    with contextlib.suppress(Forbidden):  # that is told with all else
        if cluster.every("Deployment", fields=f"metadata.name={plan.service.name}")["items"]:
            raise _taken(cluster, plan)
    asked = request(cluster, plan)._replace(wait_for_nodes=wait_for_nodes)
    checks, notes = judged(cluster, asked, f"{plan.service.name} cannot run in {plan.where}")
    return replace(plan, checks=checks, notices=(*plan.notices, *notes))


def request(cluster: Cluster, plan: ServicePlan) -> Request:
    """What the checks look at."""
    made = plan.manifests[0]
    most = int(made["spec"]["replicas"])
    pods = Pods("the service", most, min(1, most), made["spec"]["template"])
    sizes = sizes_of(plan.manifests, plan.blobs)
    sent = tuple(map(without_blobs, plan.manifests))
    rules = rights.to_serve(plan.manifests)
    return Request(cluster.namespace, (pods,), sent, sizes, rules=rules)


def submit(cluster: Cluster, plan: ServicePlan) -> Object:
    """Create everything; the Deployment as it was let go. Errors: BadRequest where there is one of
    this name, Refused."""
    remember(cluster.context, cluster.namespace)
    name = plan.service.name
    made = {**plan.manifests[0]}
    notes = objects.notes(plan.service, NEW, time.time())
    made["metadata"] = {**made["metadata"], "annotations": notes}
    owner: dict[str, Any] | None = None
    try:
        owner = deployments.owner_of(cluster.create(made))
        for one in plan.manifests[1:]:
            cluster.create(filled(one, plan.blobs, owner))
        return cluster.patch("Deployment", name, {"spec": {"paused": False}})
    except BaseException as error:
        if owner is None and isinstance(error, Taken):
            raise _taken(cluster, plan) from error
        unsure = not isinstance(error, Refused) or isinstance(error, Unreachable)
        if owner is not None or unsure:
            undo(
                cluster, "Deployment", name, f"rankzero serve delete {cluster.called(name)}", error
            )
        raise


def _taken(cluster: Cluster, plan: ServicePlan) -> BadRequest:
    name = plan.service.name
    return BadRequest(
        f'There is a deployment "{name}" in {plan.where} already; nothing was created.',
        f"Change it: rankzero serve update {cluster.called(name)}; or take another name: --name",
    )
