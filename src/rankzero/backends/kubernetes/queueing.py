"""Jobs that wait in a queue (Kueue's): nobody but the queue starts them, so to end one that has not
begun is to take it out."""

from __future__ import annotations

from typing import Any

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found
from rankzero.plan.kubernetes import names

#: A change to a Job that is, or is to be, suspended: Kueue forgets it.
LEAVE: dict[str, Any] = {"metadata": {"labels": {names.QUEUE: None}}}


def queued(found: Found) -> bool:
    return names.QUEUE in found.job["metadata"]["labels"]


def give_back(cluster: Cluster, found: Found) -> None:
    """After a run's end: those of its Jobs that were never admitted would be some time, for
    nothing. The first one is the run's own record, and stays."""
    for job in cluster.every("Job", f"{names.RUN}={found.run},{names.QUEUE}")["items"]:
        meta = job["metadata"]
        if job["spec"].get("suspend") and meta["labels"].get(names.PART) != "coordinator":
            cluster.delete("Job", meta["name"])
