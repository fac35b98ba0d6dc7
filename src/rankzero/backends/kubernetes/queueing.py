"""Jobs that wait in a queue (Kueue's): nobody but the queue starts them, so to end one that has not
begun is to ask the queue for nothing any more."""

from __future__ import annotations

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found
from rankzero.driver.cluster import jobs
from rankzero.driver.cluster.jobs import ended as ended
from rankzero.plan.kubernetes import names

#: Why an event of Kueue's is about a Job that waits: its message says for what.
PENDING = "Pending"


def queued(found: Found) -> bool:
    return jobs.queued(found.job)


def held(found: Found) -> bool:
    """Whether a queue holds any of its Jobs."""
    return any(job["spec"].get("suspend") and jobs.queued(job) for job in found.jobs)


def give_back(cluster: Cluster, found: Found) -> None:
    """At a run's end: those of its Jobs that were never admitted would be some time, for nothing.
    The first one is the run's own record, and stays. Errors: Refused."""
    if not queued(found):
        return
    for job in cluster.every("Job", f"{names.RUN}={found.run},{names.QUEUE}")["items"]:
        meta = job["metadata"]
        if job["spec"].get("suspend") and meta["labels"].get(names.PART) != names.COORDINATOR:
            cluster.delete("Job", meta["name"])
