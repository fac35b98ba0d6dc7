"""The cluster took the pod from its machine: the machine was short of something, or was emptied,
or a pod of a higher priority came."""

from __future__ import annotations

from rankzero.why.blocked import Trouble, by
from rankzero.why.model import Facts, Finding
from rankzero.why.seen import Pod, Seen

_MEMORY = "ask for the memory that it uses (--memory): those who ask for less go first"
_DISK = (
    "write less to the machine's disk, or to a volume; what a pod may write there can be asked "
    "for and limited (ephemeral-storage)"
)
_DISRUPTIONS = {
    "PreemptionByScheduler": (
        "made room for a pod of a higher priority",
        "wait, or ask for a higher priority class; --max-restarts lets the run survive it",
    ),
    "EvictionByEvictionAPI": (
        "was moved away: its machine was emptied (kubectl drain, an autoscaler)",
        "let the run survive it: --max-restarts 1",
    ),
    "TerminationByKubelet": (
        "was ended by its machine, which shut down or needed the room",
        "let the run survive it: --max-restarts 1",
    ),
}


def look(pod: Pod, seen: Seen) -> Trouble | None:
    """What stands behind `worker/1: `."""
    if pod.reason == "Evicted":
        said = pod.message.lower()
        remedy = _DISK if "storage" in said or "disk" in said else _MEMORY
        text = f"was evicted from {pod.machine}: {pod.message or 'no reason was given'}"
        return Trouble("evicted", text, remedy)
    word = pod.disrupted.partition(":")[0]
    if word in _DISRUPTIONS:
        what, remedy = _DISRUPTIONS[word]
        text = f"{what}{f' ({pod.machine})' if pod.machine else ''}"
        return Trouble("evicted", text, remedy, (pod.disrupted,))
    return None


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or failure.kind not in ("node-lost", "node-left", "job-failed"):
        return None
    nodes = [failure.node] if failure.node else list(facts.seen.newest())
    for node in nodes:
        for pod in facts.remains(node)[:1]:
            trouble = look(pod, facts.seen)
            if trouble is not None:
                title = f"{node} {trouble.text}"
                return Finding(trouble.cause, title, trouble.evidence, trouble.remedy)
    return None


waits = by(look)
