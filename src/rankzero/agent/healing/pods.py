"""Of a pod, as the API server has it, what says which node it is and how it fares. Pure."""

import json
from datetime import datetime
from typing import Any, Dict, Mapping, Optional

from rankzero.agent.events import FINAL

Object = Mapping[str, Any]

#: Labels of a pod: its run and role, and which node of its role it is. The last one is Kubernetes'
#: on the pods of an Indexed Job, and a plan's on those that are a Job of their own.
RUN, ROLE = "rankzero/run", "rankzero/role"
INDEX = "batch.kubernetes.io/job-completion-index"
#: The one container of each pod.
CONTAINER = "rank"


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


def container(pod: Optional[Object], state: str) -> Mapping[str, Any]:
    """What is known of its container in a state: `running`, `terminated`; empty where it is in
    another one."""
    for status in (pod or {}).get("status", {}).get("containerStatuses") or ():
        found: Optional[Mapping[str, Any]] = status.get("state", {}).get(state)
        if found is not None and status["name"] == CONTAINER:
            return found
    return {}


def termination(pod: Optional[Object]) -> Optional[Dict[str, Any]]:
    """The outcome that its agent wrote when it left; None while it runs, and of one that died
    without a word."""
    return outcome(container(pod, "terminated").get("message"))


def outcome(text: Optional[str]) -> Optional[Dict[str, Any]]:
    """A run's outcome as an agent writes it down; None for what is none."""
    try:
        words = json.loads(text or "")
    except ValueError:
        return None
    return words if isinstance(words, dict) and words.get("state") in FINAL else None


def seconds(stamp: str) -> float:
    """A time of the API (RFC 3339, in UTC) as seconds since the epoch.

    A log's has nanoseconds, which Python 3.10 does not read.
    """
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + (fraction or "0"))
