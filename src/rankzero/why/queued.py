"""A Job that is suspended makes no pods: a queue holds it, or somebody does."""

from __future__ import annotations

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import ABSENT, Pod, Seen


def look(pod: Pod, seen: Seen) -> Trouble | None:
    job = seen.job(pod.role)
    if pod.gated:
        text = f"the scheduler is told to leave it alone: {pod.gated}"
        return Trouble("queued", text, "whoever set the pod's scheduling gate takes it away")
    if not job.held or pod.phase != ABSENT:
        return None
    if job.queue:
        text = f'it waits in queue "{job.queue}"'
        remedy = f"the queue lets it begin when its turn comes: kubectl get localqueue {job.queue}"
        return Trouble("queued", text, remedy)
    text = f"its Job is suspended ({job.name})"
    remedy = f"whoever suspended it can resume it: kubectl describe job {job.name}"
    return Trouble("queued", text, remedy)


find = by(look)
