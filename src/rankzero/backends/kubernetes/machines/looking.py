"""A cluster and its machines, read from the API server; and labels that are changed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rankzero.backends.kubernetes import cluster as api
from rankzero.backends.kubernetes import shapes
from rankzero.backends.kubernetes.looking import ACTIVE
from rankzero.backends.kubernetes.machines import reading
from rankzero.backends.kubernetes.machines.model import Cluster, Node
from rankzero.backends.kubernetes.trouble import Absent, Forbidden
from rankzero.errors import BadRequest
from rankzero.why.blocked import listed

#: Groups of the API whose presence tells that something is installed.
_ADDS = {
    "metrics.k8s.io": "metrics-server",
    "kueue.x-k8s.io": "Kueue",
    "jobset.x-k8s.io": "JobSet",
    "trainer.kubeflow.org": "Kubeflow Trainer",
    "kubeflow.org": "Kubeflow Training Operator",
    "ray.io": "KubeRay",
}


def nodes(of: api.Cluster) -> tuple[Node, ...]:
    """All machines. Errors: Forbidden, with the right that is missing; Refused."""
    return _nodes(of, [])


def info(of: api.Cluster) -> Cluster:
    """What this user may see of it. Errors: Refused where it does not answer."""
    version = of.get("/version")
    groups = {str(one["name"]) for one in of.get("/apis").get("groups", ())}
    not_shown: list[str] = []
    found: tuple[Node, ...] | None = None
    try:
        found = _nodes(of, not_shown)
    except Forbidden:
        not_shown.append("nodes, which a Role in one namespace cannot allow to list")
    return Cluster(
        context=of.context,
        server=of.server,
        version=str(version.get("gitVersion", "")),
        namespace=of.namespace,
        nodes=found,
        classes=_classes(of, not_shown),
        adds=tuple(words for group, words in _ADDS.items() if group in groups),
        not_shown=tuple(not_shown),
    )


def label(of: api.Cluster, names: Sequence[str], changes: Mapping[str, str | None]) -> None:
    """Put labels on machines, or take them away: on all of these, or, where one is not there, on
    none. Errors: BadRequest for a machine that is not there; Forbidden, Refused."""
    there = _known(of, names)
    if gone := [name for name in names if name not in there]:
        known = f" There is: {listed(sorted(there), 10)}." if there else ""
        raise BadRequest(f"there is no machine {listed(gone, 5)} in {of.context}.{known}")
    for name in names:
        of.patch("Node", name, {"metadata": {"labels": dict(changes)}})


def _known(of: api.Cluster, names: Sequence[str]) -> set[str]:
    """The machines that are there; of who may list none, those that may be looked at."""
    try:
        return {str(one["metadata"]["name"]) for one in of.every("Node", everywhere=True)["items"]}
    except Forbidden:
        found = set()
        for name in names:
            try:
                of.one("Node", name)
            except Absent:
                continue
            found.add(name)
        return found


def _nodes(of: api.Cluster, not_shown: list[str]) -> tuple[Node, ...]:
    items = of.every("Node", everywhere=True)["items"]
    running: list[Mapping[str, Any]] | None = None
    try:
        pods = of.every("Pod", shape=shapes.LISTS["Pod"], fields=ACTIVE, everywhere=True)
        running = pods["items"]
    except Forbidden:
        not_shown.append("pods of other namespaces, so what is free is not known")
    return reading.nodes(items, running)


def _classes(of: api.Cluster, not_shown: list[str]) -> tuple[str, ...] | None:
    try:
        return reading.classes(of.get("/apis/storage.k8s.io/v1/storageclasses")["items"])
    except Forbidden:
        not_shown.append("storage classes")
        return None
