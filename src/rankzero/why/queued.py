"""A Job that is suspended makes no pods: a queue holds it, or somebody does."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble, by, listed
from rankzero.why.seen import ABSENT, Job, Pod, Seen

#: What Kueue begins its reasons with; a Job has one set of pods.
_HEAD = re.compile(r"^couldn't assign flavors to pod set \S+: ")


def look(pod: Pod, seen: Seen) -> Trouble | None:
    job = seen.job(pod.role)
    if pod.gated:
        text = f"the scheduler is told to leave it alone: {pod.gated}"
        return Trouble("queued", text, "whoever set the pod's scheduling gate takes it away")
    if seen.after and job.held and not pod.running:
        return _in_turn(seen.after)
    if not job.held or pod.phase != ABSENT:
        return None
    if job.queue:
        return _in_queue(job, seen)
    text = f"its Job is suspended ({job.name})"
    remedy = f"whoever suspended it can resume it: {seen.kubectl(f'describe job {job.name}')}"
    return Trouble("queued", text, remedy)


def _in_turn(after: tuple[str, ...]) -> Trouble:
    """Whoever watches it has it begin again; where nobody does, that is what to do."""
    text = f"it waits for its turn: {listed(after)} came first"
    remedy = "its nodes are asked for again when they have theirs, while somebody watches it"
    return Trouble("in-turn", text, remedy)


def _in_queue(job: Job, seen: Seen) -> Trouble:
    """With the queue's own words for what it waits for, where they may be read."""
    text = f'it waits in queue "{job.queue}"'
    said = [one.message for one in job.said if one.reason == "Pending"]
    if said:
        text = f"{text}: {_HEAD.sub('', said[-1])}"
    if said and "maximum capacity" in said[-1]:
        remedy = "ask for less: it is more than the queue ever has"
        return Trouble("queued", text, remedy, hopeless=True)
    show = seen.kubectl(f"get localqueue {job.queue}")
    remedy = f"the queue lets it begin when its turn comes: {show}"
    return Trouble("queued", text, remedy)


find = by(look)
