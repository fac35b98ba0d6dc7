"""All that can be read of a run, of one of its nodes, or of a machine of the cluster."""

from __future__ import annotations

from rankzero.backends.description import Description
from rankzero.backends.kubernetes import looking, reaching, runs, state, telling
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Object
from rankzero.backends.kubernetes.things import RunObjects
from rankzero.backends.kubernetes.trouble import Absent, Forbidden
from rankzero.backends.spot import Spot
from rankzero.errors import Refused, UnknownRun
from rankzero.plan.kubernetes import names

_OURS = f"{names.MANAGED_BY}=rankzero"


def describe(cluster: Cluster, name: str, node: str | None) -> Description:
    """A run, or one of its nodes; else the pod or the machine of this name.

    Errors: UnknownRun, BadRequest for a node that the run has not.
    """
    try:
        seen = _see(cluster, name)
    except UnknownRun as unknown:
        found = None if node else _pod(cluster, name) or _machine(cluster, name)
        if found is None:
            raise unknown from None
        return found
    if node is None:
        return telling.run(seen)
    known = Spot(node=node).known(name, looking.nodes(seen.found))
    assert known is not None
    return telling.node(seen, known)


def _see(cluster: Cluster, run: str) -> RunObjects:
    found = runs.one(cluster, run)
    selector = f"{names.RUN}={run}"
    not_shown: list[str] = []

    def may(kind: str, words: str, labels: str = selector) -> list[Object] | None:
        try:
            return list(cluster.every(kind, labels)["items"])
        except Forbidden:
            right = f"list {kind.lower()}s in namespace {cluster.namespace}"
            not_shown.append(f"{words}: you may not {right}")
            return None

    roster = None
    try:
        roster = reaching.roster(cluster, found)
    except Refused as said:
        not_shown.append(f"ranks: {said.args[0]}")
    return RunObjects(
        found=found,
        jobs=list(cluster.every("Job", selector)["items"]),
        pods=list(cluster.every("Pod", selector)["items"]),
        services=may("Service", "addresses and ports of Services"),
        config_maps=may("ConfigMap", "ages and sizes of ConfigMaps"),
        events=may("Event", "events of Kubernetes", ""),
        roster=roster,
        not_shown=tuple(not_shown),
    )


def _pod(cluster: Cluster, name: str) -> Description | None:
    """The node that a pod of ours is, or was."""
    # Listed, and not got: who follows runs needs the right to list pods, and no other.
    for pod in cluster.every("Pod", _OURS)["items"]:
        if pod["metadata"]["name"] == name:
            return describe(cluster, pod["metadata"]["labels"][names.RUN], state.node(pod))
    return None


def _machine(cluster: Cluster, name: str) -> Description | None:
    """A machine, where this user may look at machines."""
    try:
        machine = cluster.one("Node", name)
    except (Absent, Forbidden):
        return None
    pods = cluster.every("Pod", _OURS)["items"]
    here = [pod for pod in pods if pod.get("spec", {}).get("nodeName") == name]
    not_shown = (f"pods outside namespace {cluster.namespace}",)
    return telling.machine(machine, here, cluster.context, not_shown)
