"""The runs of a whole cluster, as far as this user may see it."""

from __future__ import annotations

from rankzero.backends.base import RunInfo
from rankzero.backends.kubernetes import asking, runs
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.kubeconfig import pinned
from rankzero.backends.kubernetes.remembered import remembered
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.trouble import Forbidden
from rankzero.backends.places import Place
from rankzero.errors import Refused

Seen = tuple[list[tuple[Place, RunInfo]], list[Refused]]


def across(place: Place) -> Seen:
    """(where it is, run) of every run in the context's namespaces, and what could not be read.

    Two calls where the whole cluster may be read; else two for each namespace that is known here.
    Errors: Refused.
    """
    place = pinned(place)
    try:
        return _seen(place, everywhere=True), []
    except Forbidden:
        return _one_by_one(place)


def _one_by_one(place: Place) -> Seen:
    sent = [Place(place.backend, *one) for one in remembered() if one.context == place.context]
    readable, unreadable = [], []
    found: list[tuple[Place, RunInfo]] = []
    for one in dict.fromkeys([place, *sent]):
        try:
            found += _seen(one)
        except Refused as refused:
            unreadable.append((one, refused))
        else:
            readable.append(str(one.namespace))
    if not readable:
        raise unreadable[0][1]
    said = f"{place.context}: no right to look into all namespaces; read: {', '.join(readable)}"
    if unreadable:
        said += f"; not readable: {', '.join(str(one.namespace) for one, _ in unreadable)}"
    return found, [Refused(said, "An administrator can give the right to list jobs and pods.")]


def _seen(place: Place, *, everywhere: bool = False) -> list[tuple[Place, RunInfo]]:
    by_namespace: dict[str, list[Found]] = {}
    cluster = Cluster(place.context, place.namespace)
    for one in runs.every(cluster, everywhere=everywhere):
        by_namespace.setdefault(one.namespace, []).append(one)
    return [
        (place._replace(namespace=namespace), info)
        for namespace, found in by_namespace.items()
        for info in asking.infos(Cluster(place.context, namespace), found)
    ]
