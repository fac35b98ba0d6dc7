"""Jobs that wait in a queue (Kueue's): nobody but the queue starts them, so to end one that has not
begun is to ask the queue for nothing any more."""

from __future__ import annotations

from typing import Any

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.plan.kubernetes import names

#: Why an event of Kueue's is about a Job that waits: its message says for what.
PENDING = "Pending"


def ended(job: Object) -> dict[str, Any]:
    """The change to a Job's spec after which it has no pods, and never will.

    One that ends goes when its time to live is over; one that is suspended never ends. In a queue
    it has to stay so: Kueue counts nothing for it then. Without the queue's label it would not look
    at the Job any more, and what it has granted, or was yet to grant, would stay granted for as
    long as the Job is there.
    """
    if names.QUEUE in job["metadata"]["labels"]:
        return {"parallelism": 0, "suspend": True}
    return {"parallelism": 0, "suspend": False, "activeDeadlineSeconds": 1}


def queued(found: Found) -> bool:
    return names.QUEUE in found.job["metadata"]["labels"]


def held(found: Found) -> bool:
    """Whether a queue holds any of its Jobs."""
    return any(
        job["spec"].get("suspend") and names.QUEUE in job["metadata"]["labels"]
        for job in found.jobs
    )


def give_back(cluster: Cluster, found: Found) -> None:
    """At a run's end: those of its Jobs that were never admitted would be some time, for nothing.
    The first one is the run's own record, and stays. Errors: Refused."""
    if not queued(found):
        return
    for job in cluster.every("Job", f"{names.RUN}={found.run},{names.QUEUE}")["items"]:
        meta = job["metadata"]
        if job["spec"].get("suspend") and meta["labels"].get(names.PART) != "coordinator":
            cluster.delete("Job", meta["name"])
