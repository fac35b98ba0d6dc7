"""What would keep a service from being left running by a pipeline, before the pipeline begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.preflight import judged
from rankzero.backends.kubernetes.services import deploying
from rankzero.backends.kubernetes.trouble import Forbidden
from rankzero.driver.cluster import deployments
from rankzero.errors import BadRequest
from rankzero.plan.kubernetes.rights import Rule
from rankzero.plan.kubernetes.services import ServicePlan


def check(
    cluster: Cluster,
    plan: ServicePlan,
    pipeline: str,
    rules: tuple[Rule, ...],
    beside: Iterable[Mapping[str, Any]],
) -> None:
    """pipeline: its name. rules: the rights that this user takes for it. beside: what the pipeline
    makes before it, such as its volumes.

    Errors: BadRequest, also where there is a service of this name which is not this pipeline's;
    Refused.
    """
    name = plan.service.name
    try:
        there = cluster.every("Deployment", fields=f"metadata.name={name}")["items"]
    except Forbidden:  # the driver's account may be another one's
        there = []
    for made in there:
        if by := deployments.made_by(made, pipeline):
            raise BadRequest(
                f'There is a deployment "{name}" in {plan.where} already, which {by} has made; '
                "nothing was started.",
                "Give the service another `name`",
            )
    request = deploying.request(cluster, plan)._replace(rules=rules)
    if there:  # what it gets anew is what travels
        travels = tuple(one for one in request.objects if one["kind"] == "ConfigMap")
        request = request._replace(objects=travels)
    request = request._replace(objects=(*request.objects, *beside))
    judged(cluster, request, f"the service {name} cannot run in {plan.where}")
