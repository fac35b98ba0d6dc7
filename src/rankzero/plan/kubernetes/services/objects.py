"""A service's objects: what keeps its pods, where they are reached, how many there are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rankzero.driver.cluster import deployments
from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.objects import head
from rankzero.plan.kubernetes.services import pods
from rankzero.spec.services.model import Service

#: How many earlier versions can be gone back to.
KEPT = 10


def labels(service: Service) -> dict[str, str]:
    return {**pods.labels(service), names.MANAGED_BY: "rankzero", names.NAME: service.name}


def deployment(service: Service, template: Mapping[str, Any]) -> dict[str, Any]:
    """It begins paused, so that nothing runs until all is there that it owns.

    A new pod comes before an old one goes, so there are never fewer than were asked for.
    """
    made = head("apps/v1", "Deployment", service.name, labels(service))
    least = service.autoscale.minimum if service.autoscale else None
    made["spec"] = {
        "replicas": service.replicas if least is None else least,
        "paused": True,
        "revisionHistoryLimit": KEPT,
        "progressDeadlineSeconds": max(1, int(service.wait)),
        "selector": {"matchLabels": {names.SERVICE: service.name}},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
        },
        "template": dict(template),
    }
    return made


def notes(service: Service, changed: str, now: float) -> dict[str, str]:
    """A version's annotations: see `deployments.notes`."""
    return deployments.notes(json.dumps(service.to_json(), sort_keys=True), changed, now)


def address(service: Service) -> dict[str, Any]:
    """The Service: one name and one address for all pods that are ready."""
    made = head("v1", "Service", service.name, labels(service))
    port: dict[str, Any] = {"name": pods.PORT, "port": service.port, "targetPort": pods.PORT}
    if service.node_port is not None:
        port["nodePort"] = service.node_port
    selector = {names.SERVICE: service.name}
    made["spec"] = {"type": service.expose, "selector": selector, "ports": [port]}
    return made


def scaler(service: Service) -> dict[str, Any] | None:
    """What changes the number of pods by itself, where that was asked for."""
    if service.autoscale is None:
        return None
    made = head("autoscaling/v2", "HorizontalPodAutoscaler", service.name, labels(service))
    target = {"type": "Utilization", "averageUtilization": service.at_cpu}
    made["spec"] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name},
        "minReplicas": service.autoscale.minimum,
        "maxReplicas": service.autoscale.maximum,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return made


def budget(service: Service) -> dict[str, Any]:
    """Whoever empties a machine takes one pod after the other. It never keeps anybody from it: one
    may always be missing, and one that is not ready may go."""
    made = head("policy/v1", "PodDisruptionBudget", service.name, labels(service))
    made["spec"] = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": {names.SERVICE: service.name}},
    }
    return made
