"""Pods that look around for a check-up: as those of a run would be, and as small as can be.

Two of them find out whether names, the API server and other pods are reached; a third, where there
are GPUs, is granted one. They are Jobs: whoever may start runs may start them, a deadline ends
them, and they go by themselves once they have begun, whatever becomes of the command.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.plan.kubernetes import layout, names, pod, starting
from rankzero.plan.kubernetes.helper import archive as of_helper
from rankzero.plan.kubernetes.objects import head

#: Their label, instead of a run's: no command takes them for a part of one.
LABEL = "rankzero/checkup"
NETWORK, GPUS = "network", "gpus"
#: How many pods each has.
PODS = {NETWORK: 2, GPUS: 1}
#: Where the first one listens.
_PORT = 29400
#: Once they have looked, how long there is time to read what they saw (seconds).
_READ = 60
_RESOURCES: dict[str, dict[str, Any]] = {
    NETWORK: {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
    # To import a framework and to open a GPU takes more than Python alone.
    GPUS: {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "8Gi"}},
}
#: Of a run's pod what does not depend on the run: its own folders.
_KEPT = ("rankzero-run", "rankzero-shm")
#: What decides in which run a pod is, or how its node is called there.
_OF_A_RUN = ("hostname", "initContainers", "topologySpreadConstraints")


class Wanted(NamedTuple):
    """What one check-up's pods are made from.

    name: of the Job. template: of the pods of a run with the same image. run: its id. python: the
    interpreter, where one was named. device: what the cluster calls a GPU. lasts: until they are
    ended in any case (seconds).
    """

    name: str
    what: str
    template: Mapping[str, Any]
    run: str
    python: str | None = None
    device: str = ""
    lasts: int = 600


def job(wanted: Wanted) -> dict[str, Any]:
    """The first object, which owns all others, suspended: pods that come before what they mount
    are looked after later, and nobody knows how much."""
    labels = {names.ROLE: wanted.what, LABEL: wanted.name}
    theirs = wanted.template["metadata"].get("labels") or {}
    kept = {key: value for key, value in theirs.items() if not _ours(key)}
    pods = PODS[wanted.what]
    made = head("batch/v1", "Job", wanted.name, labels)
    made["spec"] = {
        "suspend": True,
        "completionMode": "Indexed",
        "completions": pods,
        "parallelism": pods,
        # One that cannot look around must not end the other.
        "backoffLimitPerIndex": 0,
        "activeDeadlineSeconds": wanted.lasts,
        "ttlSecondsAfterFinished": _READ,
        "template": {"metadata": {"labels": {**kept, **labels}}, "spec": _spec(wanted)},
    }
    return made


def others(wanted: Wanted, agent: bytes, owner: Mapping[str, str]) -> list[dict[str, Any]]:
    """What they need. owner: the Job."""
    made = [of_helper(wanted.name, agent, owner)]
    if wanted.what == NETWORK:
        made.append(_service(wanted.name))
    for one in made:
        one["metadata"]["labels"] = {LABEL: wanted.name}
        one["metadata"]["ownerReferences"] = [dict(owner)]
    return made


def _service(name: str) -> dict[str, Any]:
    """Names for pods, as those of a run."""
    spec = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": {LABEL: name}}
    return {**head("v1", "Service", name, {}), "spec": spec}


def _ours(label: str) -> bool:
    return label.startswith("rankzero/") or label == names.MANAGED_BY


def _spec(wanted: Wanted) -> dict[str, Any]:
    spec: dict[str, Any] = copy.deepcopy(dict(wanted.template["spec"]))
    for key in _OF_A_RUN:
        spec.pop(key, None)
    if str(spec.get("serviceAccountName", "")).startswith(wanted.run):  # nobody makes it
        del spec["serviceAccountName"]
    volumes = [one for one in spec["volumes"] if one["name"] in _KEPT]
    spec |= {
        "subdomain": wanted.name,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 1,
        "topologySpreadConstraints": [_apart(wanted.name)],
        "containers": [_container(wanted, pod.rank(spec))],
        "volumes": [*volumes, {"name": "agent", "configMap": {"name": wanted.name}}],
    }
    return spec


def _container(wanted: Wanted, rank: Mapping[str, Any]) -> dict[str, Any]:
    """The rank's, without the user's secrets, volumes and ports."""
    resources = copy.deepcopy(_RESOURCES[wanted.what])
    words = [wanted.what]
    if wanted.what == NETWORK:
        words += [f"{wanted.name}-0.{wanted.name}", str(_PORT)]
    else:
        resources["requests"][wanted.device] = resources["limits"][wanted.device] = "1"
    mounts = [one for one in rank["volumeMounts"] if one["name"] in _KEPT]
    same = ("name", "image", "imagePullPolicy", "securityContext", "workingDir")
    container = {
        **{key: rank[key] for key in same if key in rank},
        "command": starting.look_around(wanted.python, words),
        "env": [dict(one) for one in rank["env"] if "value" in one],
        "resources": resources,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            *mounts,
            {"name": "agent", "mountPath": layout.AGENT, "readOnly": True},
        ],
    }
    pod.hide_devices(container)
    return container


def _apart(name: str) -> dict[str, Any]:
    """On two machines, where there are two: so their network is looked at, and both clocks."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {LABEL: name}},
    }
