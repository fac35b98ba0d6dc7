"""The way in: the agent's verbs for those who look and those who come in, started in a pod."""

from __future__ import annotations

import contextlib

from rankzero.backends.kubernetes.channels import ERROR, STDOUT, Channels
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.kubernetes.trouble import Absent
from rankzero.backends.viewer import Lost, Viewer
from rankzero.plan.kubernetes import layout, names, starting

#: How long an agent's verb may take to answer (seconds).
_ANSWER = 20.0


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
    try:
        return ExecStream(start(cluster, found, inside, [verb, config(inside)]))
    except Absent as error:
        raise Lost(str(error)) from error


def start(
    cluster: Cluster,
    found: Found,
    inside: Object,
    words: list[str],
    *,
    slow: bool = False,
    **more: str,
) -> Channels:
    """A verb of the agent's archive in one of the run's pods, with its streams."""
    command = starting.inside(found.plan.get("job", {}).get("python"), words)
    name = inside["metadata"]["name"]
    return cluster.execute(name, names.CONTAINER, command, slow=slow, **more)


def answer(cluster: Cluster, found: Found, inside: Object, words: list[str]) -> bytes:
    """All that a verb prints. Errors: Lost, TimeoutError."""
    said = b""
    with contextlib.closing(start(cluster, found, inside, words)) as channels:
        while True:
            channel, data = channels.receive(_ANSWER)
            if channel == ERROR:
                return said
            if channel == STDOUT:
                said += data


def config(inside: Object) -> str:
    """The path of the agent's config in a pod."""
    return layout.config(inside["metadata"]["labels"][names.ROLE])
