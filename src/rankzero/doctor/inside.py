"""What pods that looked around saw, judged. Pure; what they say is in `agent.checkup`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rankzero.agent.checkup.inside import KEY, NAMES, PEER, PYTHON, SERVER
from rankzero.doctor import clocks
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING, Finding
from rankzero.why.blocked import Trouble, listed
from rankzero.why.seen import Pod

AREA = "pods"
#: As the kubelet tells of a pull.
_PULLED = re.compile(r"pulled image .* in ([0-9.]+[a-zµ]\S*)")
#: The oldest Python that an agent runs on.
_OLDEST = (3, 8)
_DNS = "Check the cluster's DNS: kubectl -n kube-system get pods -l k8s-app=kube-dns"
_WALLS = "Nothing may stand between pods of one namespace: kubectl get networkpolicies"


class Looked(NamedTuple):
    """One pod. node: what it is called, such as `network/0`. saw: what it said, see
    `agent.checkup.inside`; trouble: what kept it from looking; pod: as it is seen from outside."""

    node: str
    machine: str
    saw: tuple[Mapping[str, Any], ...] = ()
    trouble: Trouble | None = None
    pod: Pod | None = None

    def one(self, what: str) -> Mapping[str, Any] | None:
        return next((line for line in self.saw if line[KEY] == what), None)


def network(
    looked: Sequence[Looked], skew: float | None, policies: Sequence[str]
) -> Iterator[Finding]:
    """Of the pods that found out what they reach. skew: how far the API server's clock is ahead of
    this machine's. policies: NetworkPolicies that may hold for them."""
    yield from kept(looked)
    yield from image(looked)
    walls = f"{_WALLS} ({', '.join(policies)})" if policies else _WALLS
    yield from _dns(looked)
    yield from _server(looked, walls)
    yield from _between(looked, walls)
    yield from _clocks(looked, skew)


def kept(looked: Sequence[Looked]) -> Iterator[Finding]:
    """What kept pods from looking around, each thing once. A GPU that others have at the moment is
    nothing that is broken."""
    troubles = {one.trouble.text: one.trouble for one in looked if one.trouble is not None}
    for text, trouble in troubles.items():
        about = trouble.cause.startswith(("image", "wrong-arch"))
        busy = trouble.cause == "does-not-fit" and not trouble.hopeless
        said = ": ".join((text, *trouble.evidence[:1]))
        check = "image" if about else f"pod for {looked[0].node.partition('/')[0]}"
        yield Finding(AREA, check, WARNING if busy else FAILURE, said, trouble.remedy)


def image(looked: Sequence[Looked]) -> Iterator[Finding]:
    """How they came by it, and which Python is in it."""
    came: dict[str, list[str]] = {}
    for one in looked:
        if one.saw and one.pod is not None:
            came.setdefault(_came(one.pod), []).append(one.machine)
    if not came:
        return
    name = next(one.pod.image for one in looked if one.saw and one.pod is not None)
    said = "; ".join(how.format(" and ".join(dict.fromkeys(on))) for how, on in came.items())
    yield Finding(AREA, "image", FINE, f"{name} {said}")
    python = next((line for one in looked if (line := one.one(PYTHON))), None)
    if python is not None:
        yield _python(python)


def _came(pod: Pod) -> str:
    """With a place for the machine's name."""
    pulled = pod.heard("Pulled")
    if pulled is None:
        return "runs on {}"
    took = _PULLED.search(pulled.message)
    return f"pulled on {{}} in {took[1]}" if took else "was on {} already: no registry was asked"


def _python(said: Mapping[str, Any]) -> Finding:
    version, there = str(said["version"]), said["frameworks"]
    if tuple(map(int, version.split(".")[:2])) < _OLDEST:
        return Finding(
            AREA, "Python", FAILURE, version, "The agent needs 3.8 or newer: --image, --python"
        )
    return Finding(AREA, "Python", FINE, f"{version}, with {', '.join(there) or 'no framework'}")


def _dns(looked: Sequence[Looked]) -> Iterator[Finding]:
    fine = []
    for one in looked:
        names, peer = one.one(NAMES), one.one(PEER)
        if names is not None and names["fault"]:
            by = ", ".join(names["servers"]) or "nobody"
            said = f"{names['name']} cannot be looked up on {one.machine}: {names['fault']}"
            yield Finding(AREA, "DNS", FAILURE, f"{said} (asked: {by})", _DNS)
            return
        if peer is not None and peer["fault"] and peer["kind"] == "name":
            said = f"the pod {peer['name']} cannot be looked up on {one.machine}: {peer['fault']}"
            yield Finding(AREA, "DNS", FAILURE, said, _DNS)
            return
        fine += [line["name"] for line in (names, peer) if line is not None]
    if fine:
        yield Finding(AREA, "DNS", FINE, f"{' and '.join(dict.fromkeys(fine))} are known")


def _server(looked: Sequence[Looked], walls: str) -> Iterator[Finding]:
    told = [(one.machine, line) for one in looked if (line := one.one(SERVER)) is not None]
    barred = [(machine, line) for machine, line in told if line["fault"]]
    if barred:
        machine, line = barred[0]
        said = f"{line['address']} is not reached from {machine}: {line['fault']}"
        remedy = f"Runs go on without; a pipeline's driver and self_heal do not. {walls}"
        yield Finding(AREA, "API server", WARNING, said, remedy)
    elif told:
        yield Finding(AREA, "API server", FINE, f"{told[0][1]['address']} is reached")


def _between(looked: Sequence[Looked], walls: str) -> Iterator[Finding]:
    check, host = "other pods", looked[0]
    guests = [(one, line) for one in looked if (line := one.one(PEER)) is not None]
    if not guests or not host.saw:
        if host.saw or guests:
            yield Finding(AREA, check, UNKNOWN, "it takes two pods to look, and one did not start")
        return
    guest, line = guests[0]
    if line["fault"] and line["kind"] != "name":
        said = f"{host.machine} is not reached from {guest.machine}: {line['fault']}"
        yield Finding(AREA, check, FAILURE, said, walls)
    elif not line["fault"]:
        took = f"{line['seconds'] * 1000:.1f} ms"
        said = f"{guest.machine} reaches {host.machine}, {took}"
        if guest.machine == host.machine:
            said = f"reached by each other on {host.machine}, {took}; between machines not looked"
        yield Finding(AREA, check, FINE, said)


def _clocks(looked: Sequence[Looked], skew: float | None) -> Iterator[Finding]:
    """Of the pods' machines: beside the API server's, and beside this one's."""
    fine, wrong = [], []
    for one in looked:
        line = one.one(SERVER)
        if line is None or line["ahead"] is None:
            continue
        by = {"the API server's": -line["ahead"]}
        if skew is not None:
            by["this machine's"] = skew - line["ahead"]
        off = [f"{clocks.off(at)} of {whose}" for whose, at in by.items() if abs(at) > clocks.SKEW]
        if off:
            wrong.append(f"{one.machine}'s is {', '.join(off)}")
        fine.append(one.machine)
    if wrong:
        yield Finding(AREA, "clocks", WARNING, "; ".join(wrong), clocks.REMEDY)
    elif fine:
        those = listed(dict.fromkeys(fine))
        agree = "the API server's" + ("" if skew is None else " and with this machine's")
        yield Finding(AREA, "clocks", FINE, f"those of {those} agree with {agree}")
