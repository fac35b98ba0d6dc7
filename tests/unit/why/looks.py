"""Runs that wait, as causes see them."""

from __future__ import annotations

from typing import Any

from rankzero.agent.history import History, NodeState
from rankzero.why import Facts, Finding, explain
from rankzero.why.seen import ABSENT, Job, Pod, Said, Seen

IMAGE = "10.245.0.1:5000/lab/absent:1"


def waits(*pods: Pod, here: tuple[str, ...] = (), **seen: Any) -> Finding:
    """What is found about a run whose pods are these, and that has not begun."""
    nodes = {name: NodeState(name) for name in here}
    history = History(state="waiting", nodes=nodes)
    return explain(Facts("digits-7f3a", history, seen=Seen(pods, **seen)))


def failed(
    cause: dict[str, Any], *pods: Pod, history: History | None = None, **seen: Any
) -> Finding:
    """What is found about a run that has failed so."""
    ended = (history or History())._replace(state="failed", cause=cause)
    return explain(Facts("digits-7f3a", ended, seen=Seen(pods, **seen)))


def pod(node: str = "worker/0", **fields: Any) -> Pod:
    """A pod on gpu-01 that does not run."""
    defaults = {"name": "p", "machine": "gpu-01", "image": IMAGE, "born": 1.0}
    return Pod(node, **{**defaults, **fields})


def unplaced(said: str, **fields: Any) -> Pod:
    return pod(machine="", unplaced=said, **fields)


def refused(message: str) -> tuple[Pod, dict[str, Any]]:
    """A node whose pod the cluster did not make, and what its Job's events say."""
    said = Said("FailedCreate", f"Error creating: {message}", 1.0)
    return Pod("worker/0", phase=ABSENT), {"jobs": (Job("worker", "digits-worker", said=(said,)),)}
