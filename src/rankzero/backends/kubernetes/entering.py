"""The way in: the agent's client, started in the coordinator's pod."""

from __future__ import annotations

import contextlib

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.viewer import Lost, Viewer
from rankzero.plan.kubernetes import layout, names, starting


def enter(cluster: Cluster, found: Found) -> Viewer:
    """A viewer of the run. Errors: Lost where the coordinator does not answer."""
    assert found.pod is not None
    return Viewer(execute(cluster, found, found.pod, "client"), None)


def release(cluster: Cluster, found: Found) -> None:
    """Of a run that has ended, somebody has got everything: its pods need not wait any longer."""
    with contextlib.suppress(Lost), enter(cluster, found) as viewer:
        viewer.release()


def execute(cluster: Cluster, found: Found, inside: Object, verb: str) -> ExecStream:
    """One of the agent's verbs for those who look, in one of the run's pods, with its stdin and
    stdout. Errors: Lost where that pod's container is not there."""
    role = inside["metadata"]["labels"][names.ROLE]
    python = found.plan.get("job", {}).get("python")
    command = starting.inside(python, [verb, layout.config(role)])
    return cluster.execute(inside["metadata"]["name"], names.CONTAINER, command)
