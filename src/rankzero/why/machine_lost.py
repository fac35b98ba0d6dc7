"""The machine under a node does not answer any more, or is gone."""

from __future__ import annotations

from rankzero.why.blocked import Trouble, by
from rankzero.why.model import Facts, Finding
from rankzero.why.seen import Pod, Seen
from rankzero.why.words import detail

_BY = ("DeletionByTaintManager", "DeletionByPodGC")
_SURVIVE = "let the run survive it: --max-restarts 1, or a range of nodes such as --nodes 1:2"


def silent(pod: Pod, seen: Seen) -> bool:
    """Whether the cluster has lost the machine that this pod was on."""
    machine = seen.machine(pod.machine)
    taken = pod.disrupted.startswith(_BY) or pod.reason == "NodeLost"
    return bool(pod.machine) and (taken or (machine is not None and not machine.ready))


def look(pod: Pod, seen: Seen) -> Trouble | None:
    if pod.over or not silent(pod, seen):
        return None
    text = f"its machine {pod.machine} does not answer"
    if not pod.leaving:
        return Trouble("machine-lost", text, "wait: its pod is replaced when it is given up")
    remedy = (
        f"if {pod.machine} will not come back, let its pod be replaced: rankzero recover RUN "
        "(who may delete pods)"
    )
    return Trouble("machine-lost", text, remedy)


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind not in ("node-lost", "node-left"):
        return waits(facts)
    for pod in facts.seen.of(failure.node)[::-1][:2]:
        if silent(pod, facts.seen):
            title = f"node {failure.node} was lost with its machine {pod.machine}"
            evidence = [failure.message] if failure.message else []
            evidence += [pod.disrupted] if pod.disrupted else [f"{pod.machine} is not ready"]
            return Finding("machine-lost", title, tuple(evidence), _SURVIVE, detail(failure))
    return None


waits = by(look)
