"""A pod that lends a volume to those who look at what a run has left there.

It is a Job: whoever may start runs may start it, a deadline ends it, and it goes by itself when it
has ended, whatever became of the command that made it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rankzero.plan.kubernetes import layout, names, pod, starting, users, volumes
from rankzero.plan.kubernetes.objects import head

#: What the helper's pod is called among nodes; no role has this name and a run's label.
ROLE = "helper"
#: Its label, instead of the run's: no command takes it for a part of the run.
LABEL = "rankzero/helper"
#: How long it may stay at most (seconds); who is not done by then gets another one.
DEADLINE = 3600
#: What it takes of a machine.
_RESOURCES = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"memory": "512Mi"},
}
#: What of a run's pods decides whether a pod is let in, and where, beside devices and labels.
_ALIKE = (
    *("imagePullSecrets", "priorityClassName", "schedulerName"),
    *("securityContext", "serviceAccountName", "tolerations"),
)


class Like(NamedTuple):
    """What the helper has of the run's own pods, or what takes its place where they are gone.

    pod: fields of its spec. container: fields of its container, with the image. volume, mount: as
    a pod has them. python: the interpreter, where one was named. writes: whether it may change what
    is there. brings: the spec of a claim that comes and goes with the helper, and is its volume.
    """

    pod: Mapping[str, Any]
    container: Mapping[str, Any]
    volume: Mapping[str, Any]
    mount: Mapping[str, Any]
    python: str | None = None
    writes: bool = False
    brings: Mapping[str, Any] | None = None


def like_the_run(plan: Mapping[str, Any], template: Mapping[str, Any], path: str) -> Like | None:
    """As the pods of the run's first role. plan: as submitted. path: where these mount the
    volume; None where they mount none there."""
    spec = template["spec"]
    found = volumes.mounted(spec, path)
    if found is None:
        return None
    alike = {key: spec[key] for key in _ALIKE if spec.get(key)}
    machine = _machine(plan, spec.get("nodeSelector") or {})
    rank = pod.rank(spec)
    container: dict[str, Any] = {
        key: rank[key] for key in ("image", "imagePullPolicy", "securityContext") if key in rank
    }
    python = plan.get("job", {}).get("python")
    return Like({**alike, **machine}, container, found["volume"], found["mount"], python)


def like_none(volume: str, image: str, user: int | str | None, path: str) -> Like:
    """Where the run's objects are gone. volume: a claim, or an NFS server's `SERVER:/FOLDER`."""
    claim, nfs = (None, volume) if ":" in volume else (volume, None)
    from rankzero.spec.pods import Volume

    named = {"volume": Volume.model_construct(path=path, claim=claim, nfs=nfs)}
    (source,), (mount,) = volumes.theirs(named), volumes.their_mounts(named)
    return Like(
        {"securityContext": users.pod_security(user, assigns_ids=False)},
        {"image": image, "securityContext": users.container_security()},
        source,
        mount,
    )


def job(name: str, like: Like, owner: Mapping[str, str] | None) -> dict[str, Any]:
    """The helper. owner: the run's first Job, where it is there; with it the helper goes."""
    labels = {LABEL: name, names.ROLE: ROLE}
    made = head("batch/v1", "Job", name, labels)
    if owner is not None:
        made["metadata"]["ownerReferences"] = [dict(owner)]
    made["spec"] = {
        # A scheduler that finds no claim says so, and does not look again soon.
        **({} if like.brings is None else {"suspend": True}),
        "backoffLimit": 0,
        "activeDeadlineSeconds": DEADLINE,
        "ttlSecondsAfterFinished": 0,
        "template": {"metadata": {"labels": labels}, "spec": _spec(name, like)},
    }
    return made


def archive(name: str, agent: bytes, owner: Mapping[str, str]) -> dict[str, Any]:
    """The agent for it. owner: the helper's Job."""
    made = head("v1", "ConfigMap", name, {LABEL: name})
    made["metadata"]["ownerReferences"] = [dict(owner)]
    data = {"agent.zip": base64.b64encode(agent).decode()}
    return {**made, "immutable": True, "binaryData": data}


def claim(name: str, like: Like, owner: Mapping[str, str]) -> dict[str, Any]:
    """The claim that it brings, which is called as it is. owner: the helper's Job."""
    made = head("v1", "PersistentVolumeClaim", name, {LABEL: name})
    made["metadata"]["ownerReferences"] = [dict(owner)]
    return {**made, "spec": dict(like.brings or {})}


def beside(like: Like, pods: Iterable[Mapping[str, Any]], pinned: bool) -> Like:
    """As a pod of a run that uses the volume, whose image its machine has. pinned: on the machine
    of the first pod that uses it, for no other one can mount it."""
    found = list(pods)
    ours = [one for one in found if names.RUN in (one["metadata"].get("labels") or {})]
    spec = dict(like.pod)
    if ours:
        theirs = ours[0]["spec"]
        spec |= {key: theirs[key] for key in _ALIKE if theirs.get(key)}
        spec.pop("serviceAccountName", None)
    if pinned and found:
        term = {"key": "metadata.name", "operator": "In", "values": [found[0]["spec"]["nodeName"]]}
        required = {"nodeSelectorTerms": [{"matchFields": [term]}]}
        affinity = {"requiredDuringSchedulingIgnoredDuringExecution": required}
        spec["affinity"] = {"nodeAffinity": affinity}
        spec["tolerations"] = found[0]["spec"].get("tolerations") or []
    return like._replace(pod=spec)


def _spec(name: str, like: Like) -> dict[str, Any]:
    volume = dict(like.volume)
    if like.brings is not None:
        volume["persistentVolumeClaim"] = {"claimName": name}
    mounts = [
        {"name": "agent", "mountPath": layout.AGENT, "readOnly": True},
        {**like.mount, **({} if like.writes else {"readOnly": True})},
    ]
    container = {
        "name": names.CONTAINER,
        **like.container,
        "command": starting.inside(like.python, ["helper"]),
        "env": [],
        "resources": _RESOURCES,
        "volumeMounts": mounts,
    }
    pod.hide_devices(container)
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        **like.pod,
        "containers": [container],
        "volumes": [{"name": "agent", "configMap": {"name": name}}, volume],
    }


def _machine(plan: Mapping[str, Any], selector: Mapping[str, str]) -> dict[str, Any]:
    """Labels that all machines of the run have, without those of the first node's alone: that
    machine may be gone."""
    roles = plan.get("job", {}).get("roles", {})
    placed = {key for role in roles.values() for one in role.get("place", ())[:1] for key in one}
    common = {key: value for key, value in selector.items() if key not in placed}
    return {"nodeSelector": common} if common else {}
