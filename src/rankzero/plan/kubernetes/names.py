"""What a run's objects are called, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping

from rankzero.agent.healing.pods import CONTAINER as CONTAINER
from rankzero.agent.healing.pods import INDEX as INDEX
from rankzero.agent.healing.pods import ROLE as ROLE
from rankzero.agent.healing.pods import RUN as RUN
from rankzero.driver.cluster.deployments import CHANGED as CHANGED
from rankzero.driver.cluster.deployments import HASH as HASH
from rankzero.driver.cluster.deployments import REQUEST as REQUEST
from rankzero.driver.cluster.deployments import REVISION as REVISION
from rankzero.driver.cluster.deployments import SERVICE as SERVICE
from rankzero.driver.cluster.deployments import UPDATED as UPDATED
from rankzero.driver.cluster.jobs import COORDINATOR as COORDINATOR
from rankzero.driver.cluster.jobs import CREATED as CREATED
from rankzero.driver.cluster.jobs import QUEUE as QUEUE
from rankzero.driver.cluster.jobs import VOLUME as VOLUME
from rankzero.driver.cluster.words import PART as PART

NAME = "app.kubernetes.io/name"
#: Of a pod, which Job it is of; Kubernetes itself puts it there.
OF_JOB, OF_JOB_EARLIER = "batch.kubernetes.io/job-name", "job-name"
MANAGED_BY = "app.kubernetes.io/managed-by"
#: Annotations of a run's first Job.
PLAN, STOPPED = "rankzero/plan", "rankzero/stopped-by"
#: How it ended, from one who watched it: its pods may be there for a while, or gone already.
ENDED = "rankzero/ended"
#: What it waited for when it was stopped, which went with its pods.
WAITED = "rankzero/waited-for"
#: That it has given its nodes back, and for whom it waits (`turns.judging.Turn`).
TURN = "rankzero/turn"

#: Where the coordinator listens in its pod, whose network is its own, unless a script wants it.
PORT = 29400


def job(run: str, role: str, index: int = 0) -> str:
    """index: of a node that is a Job of its own; the role's first Job has the role's name."""
    return f"{run}-{role}-{index}" if index else f"{run}-{role}"


def host(run: str, role: str, index: int) -> str:
    """A node's host name. Of an Indexed Job's pods Kubernetes sets it, and sets this one."""
    return f"{run}-{role}-{index}"


def coordinator(run: str, role: str) -> str:
    """The name of the first pod, short: the pod's resolver knows the rest."""
    return f"{host(run, role, 0)}.{run}"


def healer(run: str) -> str:
    """The account of a coordinator that may do more than the pods of other roles."""
    return f"{run}-healer"


def claim(run: str, volume: str) -> str:
    """Of a volume that a run has for itself, and takes along."""
    return f"{run}-{volume}"


def labels(run: str, theirs: Mapping[str, str], **more: str) -> dict[str, str]:
    """What every object of a run carries: the user's labels, and ours, by which it is found."""
    kept = {key: value for key, value in theirs.items() if not key.startswith("rankzero/")}
    return {**kept, MANAGED_BY: "rankzero", RUN: run, **more}
