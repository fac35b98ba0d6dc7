"""Runs as pods of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.backends.places import KUBERNETES, Place
from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.base import RunInfo
    from rankzero.backends.kubernetes.backend import KubernetesBackend as KubernetesBackend

__all__ = ["KubernetesBackend", "at", "everywhere", "ids", "known"]


def at(place: Place) -> KubernetesBackend:
    """The backend in a context and a namespace."""
    from rankzero.backends.kubernetes.backend import KubernetesBackend
    from rankzero.backends.kubernetes.cluster import Cluster

    return KubernetesBackend(Cluster(place.context, place.namespace))


def known(default: Place) -> list[Place]:
    """Where this user may have runs: the default place, and those where runs were sent to from
    here. Who never sent one to a cluster waits for none, and needs no kubeconfig."""
    from rankzero.backends.kubernetes.remembered import remembered

    sent = remembered()
    if default.backend != KUBERNETES and not sent:
        return []
    from rankzero.backends.kubernetes.kubeconfig import contexts, pinned

    first = default if default.backend == KUBERNETES else Place(KUBERNETES)
    try:
        first, there = pinned(first), contexts()
    except Refused:
        return [first]  # asking it says what is wrong
    # A context that is gone from the kubeconfig, or stands in another one, cannot be asked.
    others = [Place(KUBERNETES, *one) for one in sent if one.context in there]
    return list(dict.fromkeys([first, *others]))


def everywhere(place: Place) -> tuple[list[tuple[Place, RunInfo]], list[Refused]]:
    """The runs of all namespaces of a context that may be read, and what may not."""
    from rankzero.backends.kubernetes.across import across

    return across(place)


def ids() -> list[str]:
    """None for Tab: to ask a cluster takes longer than anybody waits for a completion."""
    return []


def __getattr__(name: str) -> object:
    if name == "KubernetesBackend":
        from rankzero.backends.kubernetes.backend import KubernetesBackend

        return KubernetesBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
