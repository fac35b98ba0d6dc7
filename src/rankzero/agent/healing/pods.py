"""Of a pod, as the API server has it, what says which node it is and how it fares. Pure."""

from datetime import datetime
from typing import Any, Mapping

Object = Mapping[str, Any]

#: Labels of a pod: its run and role, and which node of its role it is. The last one is Kubernetes'
#: on the pods of an Indexed Job, and a plan's on those that are a Job of their own.
RUN, ROLE = "rankzero/run", "rankzero/role"
INDEX = "batch.kubernetes.io/job-completion-index"


def node(pod: Object) -> str:
    """The node that a pod is: `worker/0`."""
    labels = pod["metadata"]["labels"]
    return "%s/%s" % (labels[ROLE], labels.get(INDEX, 0))


def name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def uid(pod: Object) -> str:
    return str(pod["metadata"]["uid"])


def machine(pod: Object) -> str:
    """Where it was placed; empty where it is not yet."""
    return str(pod.get("spec", {}).get("nodeName") or "")


def phase(pod: Object) -> str:
    return str(pod.get("status", {}).get("phase", "Pending"))


def given_up(pod: Object) -> bool:
    """Whether a taint of its machine ends it, and nobody's wish for this pod: Kubernetes marks it
    so when it has not heard of the machine for a while, but also when somebody else taints one
    that lives (before a spot machine goes, say). So this alone says nothing of the machine."""
    return "deletionTimestamp" in pod["metadata"] and any(
        one["type"] == "DisruptionTarget"
        and one["status"] == "True"
        and one.get("reason") == "DeletionByTaintManager"
        for one in pod.get("status", {}).get("conditions") or ()
    )


def seconds(stamp: str) -> float:
    """A time of the API (RFC 3339, in UTC) as seconds since the epoch.

    A log's has nanoseconds, which Python 3.10 does not read.
    """
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + (fraction or "0"))
