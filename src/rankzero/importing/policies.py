"""What Kubeflow's training jobs have in common: how often, how long, and who comes after."""

from __future__ import annotations

import re
from typing import Any

from rankzero.importing.fields import Fields
from rankzero.importing.findings import Findings
from rankzero.spec import names
from rankzero.spec.problems import did_you_mean

_RESTARTS = ("Always", "OnFailure", "Never", "ExitCode")
#: In place of restarts without end.
_SOME = 3
#: Labels that a controller gives to what it makes.
_OF_CONTROLLER = re.compile(
    r"(batch\.kubernetes\.io|training\.kubeflow\.org)/.*|controller-uid|job-name"
).fullmatch
_QUEUE = "kueue.x-k8s.io/queue-name"
_TIME = "a run has no limit of time; it ends with: rankzero stop RUN"
_TOGETHER = "a run's nodes start together: `wait` is how long all are waited for"
_ELSEWHERE = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
_ALSO = ("selfLink", "ownerReferences", "finalizers", "generateName", "deletionTimestamp")


def metadata(fields: Fields, findings: Findings) -> dict[str, Any]:
    """Keys of the job from an object's name and labels."""
    said = fields.text("name") or (fields.text("generateName") or "").rstrip("-") or "job"
    name = names.valid(said)
    if name != said:
        findings.note(fields.at("name"), f"{said} can name no run", f"it is {name}")
    said_labels = labels(fields)
    queue = said_labels.pop(_QUEUE, None)
    instead = "say it to run: --namespace, or a place of rankzero.toml"
    fields.note("namespace", "is not carried over", instead)
    notes = fields.pairs("annotations")
    notes.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    if notes:
        findings.note(fields.at("annotations"), f"{', '.join(notes)}: not carried over", _PODS)
    fields.pass_over(*_ELSEWHERE, *_ALSO)
    fields.left()
    return {"name": name, "labels": said_labels, "queue": queue}


_PODS = "annotations of a role are its pods'"


def labels(fields: Fields) -> dict[str, str]:
    """Those that people gave: a controller's own name its object, and belong to no other."""
    return {key: one for key, one in fields.pairs("labels").items() if not _OF_CONTROLLER(key)}


def policy(spec: Fields, findings: Findings) -> dict[str, Any]:
    """Keys of the job from `runPolicy`, which older jobs have without that word."""
    said: dict[str, Any] = {}
    for part in (spec.table("runPolicy"), spec):
        said["ttl"] = part.whole("ttlSecondsAfterFinished") or said.get("ttl")
        limit = part.whole("backoffLimit")
        said["max_restarts"] = said.get("max_restarts") if limit is None else limit
        part.default(suspend=False)
        part.note("cleanPodPolicy", "is not carried over", "all nodes leave when the run ends")
        part.note("activeDeadlineSeconds", "is not carried over", _TIME)
        part.note("suspend", "is not carried over", "a run starts when it is submitted, or queued")
        part.note("managedBy", "is not carried over", "no controller looks after a run")
        said |= _scheduling(part.table("schedulingPolicy"))
        if part is not spec:
            part.left()
    return said


def _scheduling(part: Fields) -> dict[str, Any]:
    part.note("queue", "is not carried over", "`queue` is one of Kueue's")
    for key in ("minAvailable", "minResources"):
        part.note(key, "is not carried over", _TOGETHER)
    said: dict[str, Any] = {}
    if priority := part.text("priorityClass"):
        said["priority_class"] = priority
    if waits := part.whole("scheduleTimeoutSeconds"):
        said["wait"] = waits
    part.left()
    return said


def restarts(replicas: list[Fields], limit: int | None, findings: Findings) -> int | None:
    """How many failures a run survives. limit: what the job says of it."""
    most: int | None = None
    for one in replicas:
        given = one.given("restartPolicy")
        if given is None or given.text == "Never":
            continue
        if given.text not in _RESTARTS:
            known = did_you_mean(given.text, _RESTARTS)
            findings.problem(
                given.place, f'must be {", ".join(_RESTARTS)}; got "{given.text}"{known}'
            )
            continue
        if limit is None:
            what = f"{given.text} without a backoffLimit restarts without end"
            findings.note(given.place, what, f"max_restarts: {_SOME}, of the whole run")
        most = _SOME if limit is None else limit
    return most
