"""The pod of a service: one container that listens. It passes Pod Security's `restricted` profile
unless the request asks for more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rankzero.driver.cluster.deployments import CONTAINER
from rankzero.plan.kubernetes import names, pod, users, volumes
from rankzero.plan.kubernetes.services import sending
from rankzero.spec import strategic
from rankzero.spec.services.model import Service

#: How often a pod is asked, how long it may take to answer, and how often it may fail (seconds).
_PERIOD, _PATIENCE, _FAILURES = 2, 3, 3
#: How the port is called.
PORT = "serve"


def template(service: Service, *, assigns_ids: bool = False) -> dict[str, Any]:
    """The pod template. assigns_ids: the cluster chooses who pods run as."""
    spec = strategic.merge(_spec(service, assigns_ids), service.pod)
    for container in spec["containers"]:
        if container.get("name") == CONTAINER:
            pod.hide_devices(container)
    return {"metadata": {"labels": labels(service)}, "spec": spec}


def labels(service: Service) -> dict[str, str]:
    """Of a pod. `managed-by` is not among them: by that a run's pods are found."""
    kept = {key: one for key, one in service.labels.items() if not key.startswith("rankzero/")}
    return {**kept, names.SERVICE: service.name}


def _spec(service: Service, assigns_ids: bool) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "serviceAccountName": service.service_account,
        "priorityClassName": service.priority_class,
        "imagePullSecrets": [{"name": name} for name in service.pull_secrets],
        "nodeSelector": dict(service.node_selector),
        "volumes": [*_shared_memory(service), *sending.volumes(service)],
    }
    optional["volumes"] += volumes.theirs(service.volumes)
    tolerations = [one.model_dump(exclude_none=True) for one in service.tolerations]
    return {
        "automountServiceAccountToken": service.service_account is not None,
        "enableServiceLinks": False,
        # The time in which it drains is a part of this, as Kubernetes counts it.
        "terminationGracePeriodSeconds": math.ceil(service.drain + service.grace),
        "securityContext": users.pod_security(service.user, assigns_ids),
        **{key: value for key, value in optional.items() if value},
        "tolerations": [*pod.leave_lost_machines(), *tolerations],
        "topologySpreadConstraints": [_spread(service.name)],
        "containers": [_container(service)],
    }


def _container(service: Service) -> dict[str, Any]:
    mounts = [{"name": "shm", "mountPath": "/dev/shm"}] if service.shm else []  # noqa: S108
    optional: dict[str, Any] = {
        "command": sending.command(service),
        "imagePullPolicy": service.pull,
        "workingDir": sending.folder(service),
        "env": [*sending.environment(service), *_environment(service)],
        "envFrom": [pod.source(one) for one in service.env_from],
        "resources": pod.resources(service),
        "lifecycle": _drain(service),
        "volumeMounts": [
            *mounts,
            *sending.mounts(service),
            *volumes.their_mounts(service.volumes),
        ],
    }
    return {
        "name": CONTAINER,
        "image": service.image,
        **{key: value for key, value in optional.items() if value},
        "ports": [{"name": PORT, "containerPort": service.port}],
        **_probes(service),
        "securityContext": users.container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _environment(service: Service) -> list[dict[str, Any]]:
    """What was said, word by word: `$(NAME)` would be filled in by Kubernetes."""
    said = {name: {"value": text.replace("$(", "$$(")} for name, text in service.env.items()}
    secrets = {name: pod.from_secret(one) for name, one in service.secrets.items()}
    return [{"name": name, **value} for name, value in {**said, **secrets}.items()]


def _shared_memory(service: Service) -> list[dict[str, Any]]:
    if service.shm is None:
        return []
    return [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": service.shm}}]


def _probes(service: Service) -> dict[str, Any]:
    """Ready is who answers at the path, or, without one, who can be dialled. A server that is only
    starting is not taken for dead: until it was alive once, it has as long as a version has."""
    often = {"periodSeconds": _PERIOD, "timeoutSeconds": _PATIENCE}
    found = {"readinessProbe": {**_asked(service.ready), **often, "failureThreshold": _FAILURES}}
    if service.live is not None:
        alive = {**_asked(service.live), **often}
        tries = max(_FAILURES, math.ceil(service.wait / _PERIOD))
        found["startupProbe"] = {**alive, "failureThreshold": tries}
        found["livenessProbe"] = {**alive, "periodSeconds": 10, "failureThreshold": _FAILURES}
    return found


def _asked(path: str | None) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": PORT}} if path else {"tcpSocket": {"port": PORT}}


def _drain(service: Service) -> Mapping[str, Any] | None:
    """Machines hear at different times that a pod is to get no more requests. Until all have, it
    goes on as if nothing were; only then it is told to end. The kubelet waits, not the container:
    an image may have no `sleep`."""
    if service.drain < 1:
        return None
    return {"preStop": {"sleep": {"seconds": math.ceil(service.drain)}}}


def _spread(name: str) -> dict[str, Any]:
    """Over the machines, each version by itself."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {names.SERVICE: name}},
        "matchLabelKeys": [names.HASH],
    }
