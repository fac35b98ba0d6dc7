"""The way in: the agent's client, started in the coordinator's pod."""

from __future__ import annotations

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.viewer import Viewer
from rankzero.plan.kubernetes import layout, names, pod


def enter(cluster: Cluster, found: Found) -> Viewer:
    """A viewer of the run. Errors: Lost where the coordinator does not answer."""
    return Viewer(execute(cluster, found, "client"), None)


def execute(cluster: Cluster, found: Found, verb: str) -> ExecStream:
    """One of the agent's verbs for those who look, with its stdin and stdout."""
    assert found.pod is not None
    role = found.pod["metadata"]["labels"][names.ROLE]
    python = found.plan.get("job", {}).get("python")
    command = pod.inside(python, [verb, layout.config(role)])
    return cluster.execute(found.pod["metadata"]["name"], names.CONTAINER, command)
