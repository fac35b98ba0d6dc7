"""What a run's objects are called, and how they are found."""

from __future__ import annotations

RUN, ROLE, PART = "rankzero/run", "rankzero/role", "rankzero/part"
NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
#: Which pod of an Indexed Job a pod is: a label that Kubernetes sets.
INDEX = "batch.kubernetes.io/job-completion-index"
#: Annotations of a run's first Job.
PLAN, CREATED, STOPPED = "rankzero/plan", "rankzero/created", "rankzero/stopped-by"
#: How it ended, from one who watched it: its pods may be there for a while, or gone already.
ENDED = "rankzero/ended"

#: The one container of each pod.
CONTAINER = "rank"
#: Where the coordinator listens in its pod, whose network is its own.
PORT = 29400


def job(run: str, role: str) -> str:
    return f"{run}-{role}"


def coordinator(run: str, role: str) -> str:
    """The host name of the first pod, short: the pod's resolver knows the rest."""
    return f"{job(run, role)}-0.{run}"


def labels(run: str, **more: str) -> dict[str, str]:
    """What every object of a run carries."""
    return {MANAGED_BY: "rankzero", RUN: run, **more}
