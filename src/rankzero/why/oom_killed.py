"""Memory ran out, and the kernel ended a rank, or a whole node with its agent.

On control groups version 1 the largest process dies, mostly a rank, and its agent tells. On
version 2 all die at once: then the pod tells, and the agent's last heartbeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rankzero.why.amounts import number, shown
from rankzero.why.blocked import Trouble, by
from rankzero.why.model import Facts, Finding
from rankzero.why.seen import Pod, Seen
from rankzero.why.words import detail, out_of_memory, who

_WORD = "OOMKilled"
_REMEDY = (
    "more memory (--memory), a smaller batch, fewer data loader workers, or fewer ranks a node"
)


def look(pod: Pod, seen: Seen) -> Trouble | None:
    """What stands behind `worker/1: `, of a pod that died before it joined."""
    if not _died(pod) or pod.running:
        return None
    limit = pod.limits.get("memory")
    text = "ran out of memory" + (f" (limit {limit})" if limit else "")
    return Trouble("oom-killed", text, _REMEDY)


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None:
        return None
    dead = next((pod for pod in facts.remains(failure.node)[:1] if _died(pod)), None)
    told = out_of_memory(failure)
    lost = failure.kind in ("node-lost", "job-failed") or failure.signal == 9
    if not told and not (dead is not None and lost):
        return None
    memory = {**_said(facts, failure.node), **failure.memory}
    if dead is not None and "memory" in dead.limits:
        memory["limit"] = number(dead.limits["memory"])
    words = f"{who(failure)} ran out of memory{_figures(memory)}"
    evidence = "the kernel ended " + (
        "the whole node, with its agent" if failure.kind != "rank-failed" else "it (signal 9)"
    )
    return Finding("oom-killed", words, (evidence, *_place(dead)), _REMEDY, detail(failure))


def _died(pod: Pod) -> bool:
    return pod.ended is not None and pod.ended.reason == _WORD


def _said(facts: Facts, node: str) -> dict[str, Any]:
    """What the history has of the node's memory."""
    state = facts.history.nodes.get(node)
    return dict(state.usage) if state is not None else {}


def _figures(memory: Mapping[str, Any]) -> str:
    limit, peak = memory.get("limit"), memory.get("peak")
    said = [f"limit {shown('memory', limit)}"] if limit else []
    said += [f"peak {shown('memory', peak)} at its last heartbeat"] if peak else []
    return f": {', '.join(said)}" if said else ""


def _place(dead: Pod | None) -> tuple[str, ...]:
    return (f"on {dead.machine}, pod {dead.name}",) if dead is not None and dead.machine else ()


waits = by(look)
