"""The runs of a namespace, as any machine with the same kubeconfig sees them."""

from __future__ import annotations

from rankzero.backends.kubernetes import shapes, state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found
from rankzero.driver.cluster import words
from rankzero.errors import UnknownRun
from rankzero.plan.kubernetes import names

_OURS = f"{names.MANAGED_BY}=rankzero"
_OWN = f"{_OURS},{names.RUN},!{words.PIPELINE}"
_FIRST = f"{names.INDEX}=0"


def every(cluster: Cluster, *, everywhere: bool = False) -> list[Found]:
    """All of them, but for those that are parts of a pipeline: two calls, however many there are.
    everywhere: of all namespaces."""
    jobs = cluster.every("Job", _OWN, shapes.Jobs, everywhere=everywhere)
    pods = cluster.every("Pod", f"{_OWN},{_FIRST}", shapes.Pods, everywhere=everywhere)
    return state.found(jobs["items"], pods["items"])


def one(cluster: Cluster, run: str) -> Found:
    """Errors: UnknownRun."""
    selector = f"{names.RUN}={run}"
    if not run or not all(c.isalnum() or c == "-" for c in run):
        raise _unknown(run)
    jobs = cluster.every("Job", f"{selector},{names.PART}={names.COORDINATOR}")["items"]
    if not jobs:
        raise _unknown(run)
    pods = cluster.every("Pod", f"{selector},{_FIRST}")
    (found,) = state.found(jobs, pods["items"])
    return found


def known(cluster: Cluster, run: str) -> Found | None:
    """As `one`; None where nothing is left of it."""
    try:
        return one(cluster, run)
    except UnknownRun:
        return None


def _unknown(run: str) -> UnknownRun:
    return UnknownRun(f'There is no run "{run}".', "See them all: rankzero list")
