"""Pods that a dead machine holds, so that nothing takes their place: which they are, and away
with them.

A Job replaces a pod only once it has failed, and a pod on a machine that does not answer never
says so: Kubernetes marks it as terminating, and waits for its kubelet to confirm. To delete it
without a grace period is not enough either: the Job's finalizer keeps it, and the Job lets go of
that only once the pod has failed. Without finalizer and grace period it is out of the books,
whatever still runs on that machine. An agent that comes back after that is refused by the
coordinator, for its node has a newer incarnation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Object
from rankzero.backends.kubernetes.telling import conditions
from rankzero.backends.kubernetes.trouble import Absent, Forbidden, Taken
from rankzero.backends.recovery import Held
from rankzero.errors import Refused

#: What a Job keeps its pods with until it has counted them.
FINALIZER = "batch.kubernetes.io/job-tracking"
#: A kubelet that lives ends a pod when its grace period does, and says so soon after (seconds).
_LATE = 15.0


class Verdict(NamedTuple):
    """A pod on a machine that may be dead. lost: whether that is certain; when: from when on it
    is, in seconds since the epoch, None where that cannot be known yet."""

    pod: Object
    why: str
    lost: bool
    when: float | None


def judge(
    pods: Iterable[Object],
    now: float,
    machines: Mapping[str, Object] | None = None,
    silent: Collection[str] = (),
) -> list[Verdict]:
    """The pods that a machine seems to hold. Pure.

    machines: the cluster's, by name, where they may be read; silent: nodes whose agent the
    coordinator has lost. With one of the two nobody has to wait for the end of a grace period that
    no kubelet counts.
    """
    verdicts = (_verdict(pod, now, machines or {}, silent) for pod in pods)
    return [verdict for verdict in verdicts if verdict is not None]


def release(cluster: Cluster, pod: Object) -> None:
    """Take it out of the books; nothing where that has happened. Errors: trouble.Forbidden."""
    meta = pod["metadata"]
    name, uid = str(meta["name"]), str(meta["uid"])
    others = [one for one in meta.get("finalizers", ()) if one != FINALIZER]
    try:
        cluster.patch("Pod", name, {"metadata": {"uid": uid, "finalizers": others}})
    except (Absent, Taken):
        return  # it is gone; one of this name with another uid is not ours to touch
    cluster.delete("Pod", name, uid=uid, grace=0)


def recover(
    cluster: Cluster, pods: Iterable[Object], now: float, silent: Collection[str], *, dry_run: bool
) -> list[Held]:
    """Release what is lost; what was found, and what was done. Errors: Refused without the right
    to, with what somebody who has it can do."""
    verdicts = judge(pods, now, _machines(cluster), silent)
    wanted = [verdict for verdict in verdicts if verdict.lost and not dry_run]
    try:
        for verdict in wanted:
            release(cluster, verdict.pod)
    except Forbidden as error:
        raise _without_right(cluster, wanted) from error
    return [
        Held(
            node=state.node(one.pod),
            name=str(one.pod["metadata"]["name"]),
            machine=str(one.pod["spec"]["nodeName"]),
            why=one.why,
            lost=one.lost,
            when=one.when,
            deleted=one in wanted,
        )
        for one in verdicts
    ]


def _verdict(
    pod: Object, now: float, machines: Mapping[str, Object], silent: Collection[str]
) -> Verdict | None:
    machine = str(pod.get("spec", {}).get("nodeName") or "")
    if not machine or state.phase(pod) in ("Succeeded", "Failed"):
        return None  # not placed yet, or ended: then only its Job has to take note
    dead = _silence(machines.get(machine))
    end = pod["metadata"].get("deletionTimestamp")
    if end is None:
        if dead is None:
            return None
        why = f"{machine} {dead}; Kubernetes has not given the pod up yet"
        return Verdict(pod, why, lost=False, when=None)
    if dead is not None:
        return Verdict(pod, f"terminating on {machine}, which {dead}", lost=True, when=now)
    if state.node(pod) in silent and _evicted(pod):
        why = f"terminating on {machine}, which Kubernetes gave up; its agent does not answer"
        return Verdict(pod, why, lost=True, when=now)
    when = state.seconds(str(end)) + _LATE
    within = "beyond" if now >= when else "within"
    why = f"terminating on {machine}, {within} its grace period (until {end})"
    return Verdict(pod, why, lost=now >= when, when=when)


def _silence(machine: Object | None) -> str | None:
    """What is wrong with a machine whose kubelet does not report; None where it does."""
    for condition in (machine or {}).get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "Unknown":
            return f"does not answer (since {condition.get('lastTransitionTime', 'some time')})"
    return None


def _evicted(pod: Object) -> bool:
    """Whether its machine's state, and no user's wish, ends it."""
    return any(
        one.type == "DisruptionTarget" and one.reason == "DeletionByTaintManager"
        for one in conditions(pod)
    )


def _machines(cluster: Cluster) -> dict[str, Object] | None:
    """By name; None where this user may not read them."""
    try:
        return {str(one["metadata"]["name"]): one for one in cluster.every("Node")["items"]}
    except Forbidden:
        return None


def _without_right(cluster: Cluster, lost: list[Verdict]) -> Refused:
    pods = " ".join(str(one.pod["metadata"]["name"]) for one in lost)
    kubectl = f"kubectl --namespace {cluster.namespace}"
    return Refused(
        f"Lost, and to be taken out of the books: {pods}. That needs the rights to patch and to "
        f"delete pods in namespace {cluster.namespace}.",
        "An administrator can:\n"
        f'  {kubectl} patch pod {pods} --type=merge -p \'{{"metadata":{{"finalizers":null}}}}\'\n'
        f"  {kubectl} delete pod {pods} --grace-period=0 --force",
    )
