"""A node's pod runs, and its agent does not reach the coordinator."""

from __future__ import annotations

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen, Told

#: A coordinator that has just begun may not be known, or not listen yet (seconds).
_SETTLED = 10.0


def told(pod: Pod, seen: Seen, kind: str) -> Told | None:
    """What its agent says, where the coordinator has been there long enough to be reached."""
    said = pod.told
    if said is None or said.kind != kind or not pod.running:
        return None
    began = [one.began or 0.0 for one in seen.newest().values() if one.running and _is(one, said)]
    return said if began and said.time > began[0] + _SETTLED else None


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = told(pod, seen, "connection")
    if said is None:
        return None
    text = f"runs on {pod.machine}, and cannot reach the coordinator at {said.address}"
    evidence = [said.reason]
    if seen.policies:
        evidence.append(f"NetworkPolicies for its pods: {', '.join(seen.policies)}")
    remedy = (
        "let the pods of a run reach each other (a NetworkPolicy may forbid it: "
        f"{seen.kubectl('get networkpolicy')}), or ask who runs the cluster's network"
    )
    return Trouble("unreachable", text, remedy, tuple(evidence))


def _is(pod: Pod, said: Told) -> bool:
    """Whether this pod is the coordinator that is dialled, by its host name."""
    host = said.address.partition(".")[0].partition(":")[0]
    return host.endswith("-" + pod.node.replace("/", "-"))


find = by(look)
