"""Why a pod of a service is not ready: the causes that hold for any pod, and those of servers."""

from __future__ import annotations

from rankzero.why import (
    bad_user,
    does_not_fit,
    evicted,
    image_denied,
    image_not_found,
    image_not_pulled,
    missing_claim,
    missing_secret,
    not_configured,
    not_mounted,
    not_ready,
    not_startable,
    oom_killed,
    pod_refused,
    pod_security,
    quota,
    server_ended,
    unbound_volume,
    wrong_architecture,
)
from rankzero.why.blocked import Look, Trouble
from rankzero.why.seen import ABSENT, Pod, Seen
from rankzero.why.standing import Place, on_the_way, state_of

#: In the order in which they are asked: the exact ones before the general ones.
LOOKS: tuple[Look, ...] = (
    pod_security.look,
    quota.look,
    pod_refused.look,
    missing_claim.look,
    unbound_volume.look,
    does_not_fit.look,
    wrong_architecture.look,
    image_denied.look,
    image_not_found.look,
    image_not_pulled.look,
    missing_secret.look,
    bad_user.look,
    not_configured.look,
    not_mounted.look,
    evicted.look,
    oom_killed.look,
    not_startable.look,
    server_ended.look,
    not_ready.look,
)
#: What these say to do is said for runs; for a service it is shorter.
_REMEDIES = {
    "oom-killed": "more memory: --memory",
    "image-not-found": "check its name and tag: --image",
    "not-startable": "name a program that the image has, after --",
    "not-mounted": "check the volume; it is tried again",
}


def place(pod: Pod, seen: Seen) -> Place:
    """Where a pod is, and what it waits for. What is wrong with one that is ready is over."""
    if pod.ready:
        return Place(pod.node, pod.machine, "running")
    trouble = trouble_of(pod, seen)
    state = "ended" if pod.leaving else state_of(pod)
    if trouble is not None:
        return Place(pod.node, pod.machine, state, trouble.text, None, trouble)
    text, since = _progress(pod)
    return Place(pod.node, pod.machine, state, text, since)


def trouble_of(pod: Pod, seen: Seen) -> Trouble | None:
    """What keeps it from being ready, where anything does."""
    found = next((one for look in LOOKS if (one := look(pod, seen)) is not None), None)
    if found is None:
        return None
    return found._replace(remedy=_REMEDIES.get(found.cause, found.remedy))


def _progress(pod: Pod) -> tuple[str, float | None]:
    """What happens to a pod of which nothing is wrong, and since when."""
    if pod.phase == ABSENT:
        return "is not there yet", None
    if pod.running:
        return f"runs on {pod.machine}, and is not ready yet", pod.began
    return on_the_way(pod)
