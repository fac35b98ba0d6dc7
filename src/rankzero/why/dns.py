"""A node's agent cannot look the coordinator's name up."""

from __future__ import annotations

from rankzero.why import unreachable
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = unreachable.told(pod, seen, "name")
    if said is None:
        return None
    name = said.address.rpartition(":")[0]
    text = f"runs on {pod.machine}, and cannot look up the coordinator's name {name}"
    remedy = (
        "check the cluster's DNS (kubectl -n kube-system get pods -l k8s-app=kube-dns), "
        "and dnsPolicy in the pod: overlay"
    )
    return Trouble("dns", text, remedy, (said.reason,))


find = by(look)
