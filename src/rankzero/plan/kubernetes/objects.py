"""A run's objects beside its pods: Jobs, names, token, agent and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rankzero.agent import exits
from rankzero.plan.kubernetes import names, pod
from rankzero.plan.kubernetes.pod import Wanted

#: How long a run's pods stay at least for one who is there to fetch what is left, and for a
#: coordinator that is not there (seconds).
LINGER = 600.0
#: What a kubelet may take to tell that a pod has ended (seconds): it looks every second, and then
#: waits for its turn at the API server.
APART = 5.0
#: Beyond the run's restarts, how often a pod is replaced: losses that use no restart (of a range of
#: nodes), and the coordinator's last one, which only says that the run has failed.
REPLACEMENTS = 6
#: With these an agent says that no pod of its Job is to run again.
FOR_GOOD = (exits.RUN_FAILED, exits.ALONE)


def jobs(wanted: Wanted, first: bool) -> list[dict[str, Any]]:
    """The Jobs of a role: one, or, where each node has its own machine, one a node.

    first: it is the role of the coordinator, whose Job starts suspended, and finishes last.
    """
    if not wanted.asked.place:
        nodes = wanted.asked.nodes.maximum
        return [_job(wanted, pod.template(wanted), _indexed(wanted, nodes), 0, first)]
    return [
        _job(
            wanted,
            pod.template(wanted, index),
            # Kubernetes names the pods of an Indexed Job itself, by the Job's name and an index
            # from 0. The first node is fine with that, and as the coordinator it needs the count
            # of failures that only these have; the others keep a name and a number of their own.
            _single(wanted) if index else _indexed(wanted, 1),
            index,
            first and index == 0,
        )
        for index in range(len(wanted.asked.place))
    ]


def _indexed(wanted: Wanted, nodes: int) -> dict[str, Any]:
    return {
        "completionMode": "Indexed",
        "completions": nodes,
        "parallelism": nodes,
        "backoffLimitPerIndex": _replacements(wanted),
        "maxFailedIndexes": 0,
    }


def _single(wanted: Wanted) -> dict[str, Any]:
    return {"completions": 1, "parallelism": 1, "backoffLimit": _replacements(wanted)}


def _replacements(wanted: Wanted) -> int:
    # Kubernetes counts in 32 bits.
    return min(wanted.job.max_restarts + REPLACEMENTS, 2**31 - 1)


def _job(
    wanted: Wanted, template: Mapping[str, Any], count: Mapping[str, Any], index: int, first: bool
) -> dict[str, Any]:
    """A Job of a role. One that waits in a queue starts suspended, and the queue resumes it.

    A pod whose agent died is replaced: whether the run goes on then, the coordinator decides, and
    the exit codes that no other pod could do better ends the Job at once. A disruption counts for
    nothing.
    """
    labels = {**wanted.labels, names.NAME: wanted.job.name}
    if wanted.job.queue is not None:
        labels[names.QUEUE] = wanted.job.queue
    if first:
        labels[names.PART] = names.COORDINATOR
    spec: dict[str, Any] = {
        **count,
        "suspend": first or names.QUEUE in labels,
        "podReplacementPolicy": "Failed",
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
                        "values": list(FOR_GOOD),
                    },
                },
            ]
        },
        "template": template,
    }
    if first:
        spec["ttlSecondsAfterFinished"] = int(wanted.job.ttl)
    name = names.job(wanted.run, wanted.role, index)
    return {**head("batch/v1", "Job", name, labels), "spec": spec}


def service(run: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Names for pods, also for those that are not ready yet."""
    return {
        **head("v1", "Service", run, labels),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {names.RUN: run},
        },
    }


def secret(run: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The run's token, which `submit` makes: a plan holds no secret."""
    return {**head("v1", "Secret", run, labels), "type": "Opaque", "immutable": True}


def config_map(
    name: str, labels: Mapping[str, str], texts: Mapping[str, str], blobs: Mapping[str, str]
) -> dict[str, Any]:
    """blobs: name -> `sha256:...` of what `submit` puts in its place."""
    data: dict[str, Any] = {"data": dict(texts), "binaryData": dict(blobs)}
    filled = {key: value for key, value in data.items() if value}
    return {**head("v1", "ConfigMap", name, labels), "immutable": True, **filled}


def head(version: str, kind: str, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """What every object begins with."""
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "labels": dict(labels)},
    }
