"""A run's objects beside its pods: Jobs, names, token, agent and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rankzero.agent import exits
from rankzero.plan.kubernetes import names, pod
from rankzero.spec.model import Job

#: How long a run that has ended can be seen (seconds).
TTL = 24 * 3600
#: Beyond the run's restarts, how often a pod is replaced: losses that use no restart (of a range of
#: nodes), and the coordinator's last one, which only says that the run has failed.
REPLACEMENTS = 6


def job(job: Job, role: str, run: str, image: str, parts: int, first: bool) -> dict[str, Any]:
    """The Indexed Job of a role; the first one starts suspended, and finishes last.

    A pod whose agent died is replaced: whether the run goes on then, the coordinator decides, and
    the one exit code that means "this run has failed" ends the Job at once. A disruption counts
    for nothing.
    """
    nodes = job.roles[role].nodes.maximum
    spec: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": nodes,
        "parallelism": nodes,
        "suspend": first,
        "podReplacementPolicy": "Failed",
        "backoffLimitPerIndex": job.max_restarts + REPLACEMENTS,
        "maxFailedIndexes": 0,
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "Ignore",
                    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                },
                {
                    "action": "FailJob",
                    "onExitCodes": {
                        "containerName": names.CONTAINER,
                        "operator": "In",
                        "values": [exits.RUN_FAILED],
                    },
                },
            ]
        },
        "template": pod.template(job, role, run, image, parts),
    }
    if first:
        spec["ttlSecondsAfterFinished"] = TTL
    labels = {names.ROLE: role, names.NAME: job.name}
    if first:
        labels[names.PART] = "coordinator"
    return {**_head("batch/v1", "Job", names.job(run, role), run, **labels), "spec": spec}


def service(run: str) -> dict[str, Any]:
    """Names for pods, also for those that are not ready yet."""
    return {
        **_head("v1", "Service", run, run),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {names.RUN: run},
        },
    }


def secret(run: str) -> dict[str, Any]:
    """The run's token, which `submit` makes: a plan holds no secret."""
    return {**_head("v1", "Secret", run, run), "type": "Opaque", "immutable": True}


def config_map(
    name: str, run: str, texts: Mapping[str, str], blobs: Mapping[str, str]
) -> dict[str, Any]:
    """blobs: name -> `sha256:...` of what `submit` puts in its place."""
    data: dict[str, Any] = {"data": dict(texts), "binaryData": dict(blobs)}
    filled = {key: value for key, value in data.items() if value}
    return {**_head("v1", "ConfigMap", name, run), "immutable": True, **filled}


def _head(version: str, kind: str, name: str, run: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "labels": names.labels(run, **labels)},
    }
