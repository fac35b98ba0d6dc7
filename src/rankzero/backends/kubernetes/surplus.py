"""Pods that a run has asked for, that never found a machine, and that it needs no more: left alone,
each would be placed one day, and hold a node that others wait for."""

from __future__ import annotations

from typing import Any

from rankzero.backends.kubernetes import queueing, shapes
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found, Object, phase
from rankzero.backends.kubernetes.trouble import Rejected
from rankzero.plan.kubernetes import names

_OVER = ("Complete", "Failed", "SuccessCriteriaMet", "FailureTarget")


def let_go(cluster: Cluster, found: Found) -> None:
    """At a run's end, or once it was asked to end. In a queue the queue has them. Errors:
    Refused."""
    if queueing.queued(found):
        return
    selector = f"{names.RUN}={found.run}"
    pods = cluster.every("Pod", selector, shapes.LISTS["Pod"])["items"]
    if not any(map(_waits, pods)):
        return
    for job in cluster.every("Job", selector, shapes.LISTS["Job"])["items"]:
        name = job["metadata"]["name"]
        mine = [one for one in pods if _of(one) == name]
        change = None if _is_over(job) else _change(job, mine)
        if change is not None:
            try:
                cluster.patch("Job", name, {"spec": change})
            except Rejected:  # before Kubernetes 1.27 the count of an Indexed Job stays as it is
                cluster.patch("Job", name, {"spec": {"parallelism": change["parallelism"]}})


def _change(job: Object, pods: list[Object]) -> dict[str, Any] | None:
    """To a Job's spec: those that came may end by themselves, and no other one is asked for."""
    if not any(map(_waits, pods)):
        return None
    came = [int(one["metadata"]["labels"].get(names.INDEX, 0)) for one in pods if _came(one)]
    first = job["metadata"]["labels"].get(names.PART) == names.COORDINATOR
    if not came and not first:
        return queueing.ended(job)
    count = max(came, default=0) + 1
    return {"completions": count, "parallelism": count}


def _of(pod: Object) -> str:
    labels = pod["metadata"]["labels"]
    return str(labels.get(names.OF_JOB) or labels.get(names.OF_JOB_EARLIER))


def _waits(pod: Object) -> bool:
    return phase(pod) == "Pending" and not _came(pod)


def _came(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _is_over(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", ())
    return any(one["status"] == "True" and one["type"] in _OVER for one in conditions)
