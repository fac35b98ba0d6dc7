"""How far a run's nodes are that have not all come: where each is, and what it waits for. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from rankzero.why import (
    agent_crashed,
    bad_user,
    dns,
    does_not_fit,
    evicted,
    image_denied,
    image_not_found,
    image_not_pulled,
    machine_lost,
    missing_claim,
    missing_secret,
    namespace_ending,
    not_configured,
    not_mounted,
    not_startable,
    oom_killed,
    pod_refused,
    pod_security,
    queued,
    quota,
    unbound_volume,
    unreachable,
    wrong_architecture,
)
from rankzero.why.blocked import Look, Trouble
from rankzero.why.seen import ABSENT, Pod, Seen

#: What may keep a pod, the exact ones before the general ones.
LOOKS: tuple[Look, ...] = (
    machine_lost.look,
    namespace_ending.look,
    queued.look,
    pod_security.look,
    quota.look,
    pod_refused.look,
    pod_refused.unread,
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
    agent_crashed.look,
    dns.look,
    unreachable.look,
)


class Place(NamedTuple):
    """Where one node is. state: `waiting` (no machine yet), `starting` (on a machine), `running`,
    or `ended` (another pod takes its place). text: what it waits for, in one line; since: from
    when on, where that is known."""

    node: str
    machine: str = ""
    state: str = "waiting"
    text: str = ""
    since: float | None = None
    trouble: Trouble | None = None


class Standing(NamedTuple):
    """A run that is not complete yet. ready: how many nodes are; since: when it was submitted.
    It is no history: only the newest one counts."""

    run: str
    since: float
    places: tuple[Place, ...]
    seen: Seen = Seen()

    @property
    def ready(self) -> int:
        return sum(place.state == "running" and not place.text for place in self.places)

    @property
    def waiting(self) -> list[Place]:
        """The nodes that are not ready."""
        return [place for place in self.places if place.state != "running" or place.text]

    def grouped(self) -> list[tuple[list[str], Place]]:
        """Those that wait for the same, together: (their names, the first one)."""
        groups: dict[str, tuple[list[str], Place]] = {}
        for place in self.waiting:
            groups.setdefault(place.text, ([], place))[0].append(place.node)
        return list(groups.values())


def standing(
    run: str,
    since: float,
    nodes: Iterable[str],
    seen: Seen,
    here: Collection[str] | None = None,
) -> Standing:
    """nodes: all that the run asked for. here: those whose agents have joined; None where nobody
    can be asked, and a pod that runs is as good."""
    newest = seen.newest()
    pods = [newest.get(node, Pod(node, phase=ABSENT)) for node in nodes]
    return Standing(run, since, tuple(place(pod, seen, here) for pod in pods), seen)


def place(pod: Pod, seen: Seen, here: Collection[str] | None = None) -> Place:
    """Where this pod's node is."""
    if (here is None and pod.running and pod.told is None) or (here and pod.node in here):
        return Place(pod.node, pod.machine, "running")
    trouble = trouble_of(pod, seen)
    state = state_of(pod)
    if trouble is not None:
        return Place(pod.node, pod.machine, state, trouble.text, None, trouble)
    text, since = _progress(pod)
    return Place(pod.node, pod.machine, state, text, since)


def trouble_of(pod: Pod, seen: Seen) -> Trouble | None:
    """What keeps it, where anything does."""
    return next((found for look in LOOKS if (found := look(pod, seen)) is not None), None)


def state_of(pod: Pod) -> str:
    """As a Place has it."""
    if pod.over:
        return "ended"
    if pod.running:
        return "running"
    return "starting" if pod.machine else "waiting"


def _progress(pod: Pod) -> tuple[str, float | None]:
    """What happens to a pod of which nothing is wrong, and since when."""
    if pod.phase == ABSENT:
        return "has no pod yet", None
    if pod.over:
        return "its pod has ended; another one takes its place", None
    if pod.running:
        return f"started on {pod.machine}; its agent has not come yet", pod.began
    return on_the_way(pod)


def on_the_way(pod: Pod) -> tuple[str, float | None]:
    """What happens to a pod before its container runs, and since when."""
    if not pod.machine:
        return "waits for a machine", pod.born
    pulls = pod.heard("Pulling", "Pulled")
    if pulls is not None and pulls.reason == "Pulling":
        return f"pulling its image on {pod.machine}", pulls.time
    return f"starting on {pod.machine}", pod.born
