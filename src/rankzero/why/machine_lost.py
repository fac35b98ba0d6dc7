"""The machine under a node does not answer any more, or is gone."""

from __future__ import annotations

import time

from rankzero.agent.healing.judging import LATE
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
    recover = f"rankzero recover {seen.run}"
    by_hand = (
        "who may patch and delete pods has it replaced, by watching the run "
        f"(rankzero attach {seen.run}) or at once: {recover}"
    )
    text = f"its machine {pod.machine} does not answer"
    if not pod.leaving:
        return Trouble("machine-lost", text, f"wait until the cluster gives it up; then {by_hand}")
    evidence = [f"certain to be lost from {_clock(pod.until + LATE)} on"] if pod.until else []
    if seen.healer not in ("", pod.node):
        text += f"; {seen.healer} takes it from there"
        remedy = f"wait, or, who may patch and delete pods, have it at once: {recover}"
        return Trouble("machine-lost", text, remedy, tuple(evidence))
    if seen.healer:
        evidence.append(f"{pod.node} would take others from dead machines, and is on one itself")
    return Trouble("machine-lost", f"{text} ({recover})", by_hand, tuple(evidence))


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


def _clock(when: float) -> str:
    """As on this machine's clock."""
    return time.strftime("%H:%M:%S", time.localtime(when))


waits = by(look)
