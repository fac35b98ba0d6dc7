"""What holds for a run's Jobs and what belongs to them, whoever makes or ends them: the command, or
the driver of a pipeline. Pure.
"""

from typing import Any, Dict, Mapping

from rankzero.driver.cluster.deployments import SERVICE

#: Kueue's label: the queue that starts a Job.
QUEUE = "kueue.x-k8s.io/queue-name"
#: The label on claims that rankzero has made, and its value on one that no run takes along.
VOLUME, KEPT = "rankzero/volume", "kept"
#: What a run's first Job is called by `words.PART`; its pods are not.
COORDINATOR = "coordinator"
#: An annotation of it: when it was submitted (seconds since the epoch).
CREATED = "rankzero/created"


def owner_of(job: Mapping[str, Any]) -> Dict[str, str]:
    """The reference with which a Job owns what it takes along when it goes."""
    # Neither `controller` (a queue would take the others for children) nor `blockOwnerDeletion`
    # (which needs a right that users may lack).
    return {
        "apiVersion": "batch/v1",  # which a list's items leave out
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
    }


def stays(made: Mapping[str, Any]) -> bool:
    """Whether an object is a claim that outlives its run, and may be there already."""
    labels = made["metadata"].get("labels") or {}
    return bool(made["kind"] == "PersistentVolumeClaim" and labels.get(VOLUME) == KEPT)


def may_be_there(made: Mapping[str, Any]) -> bool:
    """Whether one that is there already is as good: a claim that stays, or what of a service is
    named by its content."""
    labels = made["metadata"].get("labels") or {}
    return stays(made) or (made["kind"] == "ConfigMap" and SERVICE in labels)


def queued(job: Mapping[str, Any]) -> bool:
    """Whether a queue starts it, and nobody else."""
    return QUEUE in job["metadata"]["labels"]


def ended(job: Mapping[str, Any]) -> Dict[str, Any]:
    """The change to a Job's spec after which it has no pods, and never will.

    One that ends goes when its time to live is over; one that is suspended never ends. In a queue
    it has to stay so: Kueue counts nothing for it then. Without the queue's label it would not look
    at the Job any more, and what it has granted, or was yet to grant, would stay granted for as
    long as the Job is there.
    """
    if queued(job):
        return {"parallelism": 0, "suspend": True}
    return {"parallelism": 0, "suspend": False, "activeDeadlineSeconds": 1}


def start(queue: Any) -> Dict[str, Any]:
    """The change to a suspended Job that lets it begin. queue: its name, or None."""
    if queue is None:
        return {"spec": {"suspend": False}}
    return {"metadata": {"labels": {QUEUE: queue}}}
