"""Clocks: this machine's, the API server's, and those of a cluster's machines. Pure.

One that is off hurts tokens, certificates, and whoever wants to know what happened when.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from rankzero.backends.kubernetes.state import seconds
from rankzero.doctor.model import FINE, UNKNOWN, WARNING, Finding
from rankzero.why.blocked import listed

AREA = "cluster"
#: A clock that is off by more hurts (seconds).
SKEW = 5.0
#: A kubelet renews its lease every 10 s; a busy one is late (seconds).
_LATE = 30.0
REMEDY = "Let all take their time from one place (NTP)"


def of_server(skew: float | None) -> Finding:
    """skew: how far it is ahead (`agent.checkup.server.ahead`), None where it does not say."""
    if skew is None:
        return Finding(AREA, "clock", UNKNOWN, "the API server does not say what time it is")
    if abs(skew) > SKEW:
        return Finding(AREA, "clock", WARNING, f"the API server's is {off(skew)}", REMEDY)
    return Finding(AREA, "clock", FINE, "agrees with the API server's")


def off(skew: float) -> str:
    """`90 s ahead`"""
    return f"{abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"


def of_machines(
    leases: Sequence[Mapping[str, Any]] | None, ready: Collection[str], now: float
) -> Finding:
    """leases: those that kubelets renew, by their own clocks, None where they may not be listed.
    ready: the machines whose counts. now: by the API server's clock."""
    check = "machines' clocks"
    if leases is None:
        said = "leases of kube-node-lease may not be listed"
        return Finding(AREA, check, UNKNOWN, said, "Ask from inside pods: --pods")
    early, late = [], []
    for one in leases:
        name, spec = str(one["metadata"]["name"]), one.get("spec", {})
        if name not in ready or not spec.get("renewTime"):
            continue
        at = seconds(str(spec["renewTime"])) - now
        if at > SKEW:
            early.append(f"{name} is {off(at)}")
        elif -at > max(_LATE, spec.get("leaseDurationSeconds") or 0):
            late.append(f"{name} is {off(at)}, or renews its lease late")
    if early or late:
        return Finding(AREA, check, WARNING, listed(early + late), REMEDY)
    return Finding(AREA, check, FINE, "agree with the API server's, as far as leases tell")
