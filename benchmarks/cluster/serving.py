"""A service that is asked all the time: while a new version comes, and when a machine dies.

The peer is a Deployment and a Service as one writes them by hand: an image, a command, a port. What
a machine's death costs is measured beside the moment at which the cluster itself knows of it:
before, nobody can lead requests elsewhere.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.cluster.lab import namespaces, power
from tests.cluster.lab.shell import until

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import PROGRAMS, Place

#: The machine that goes, and the one that who asks is on.
NODE, OFF, STAYS = "node1", 1, "node0"
_PATIENCE = 300
#: Both contenders, by their Services' names.
SERVICES = ("ours", "theirs")
#: So long a machine's end is watched (seconds). With Kubernetes' own toleration a pod is replaced
#: after 300 more: nobody learns anything by waiting for that.
LONGEST = 120.0
_SERVER = ["python3", "-c", (PROGRAMS / "page.py").read_text(encoding="utf-8")]
_ASKING = (PROGRAMS / "asking.py").read_text(encoding="utf-8")


class Met(NamedTuple):
    """What one who asked met. failures: when those requests began that failed."""

    asked: int
    failures: list[float]


def main(place: Place, options: Options) -> list[Goal]:
    goals = [updates(place, options.rounds_or(3))]
    if namespaces.runs(NODE):
        goals += machine(place, options.rounds_or(2))
    else:
        print("only the lab has machines that can be switched off")
    return goals


def updates(place: Place, rounds: int) -> Goal:
    """Requests that fail while each is updated, in turns."""
    print(f"requests while a new version comes, {rounds} rounds")
    ours, theirs = Met(0, []), Met(0, [])
    with _ours(place), _by_hand(place):
        for number in range(rounds):
            with _asked(place, "ours") as met:
                place.rankzero("serve", "update", "ours", "--env", f"WHO={number}")
            ours = _sum(ours, met)
            with _asked(place, "theirs") as met:
                place.admin("set", "env", "deployment/theirs", f"WHO={number}")
                rollout = ("rollout", "status", "deployment/theirs", f"--timeout={_PATIENCE}s")
                place.admin(*rollout, seconds=_PATIENCE + 10)
            theirs = _sum(theirs, met)
    for name, one in (("rankzero", ours), ("by hand", theirs)):
        print(f"  {name:10} {len(one.failures):>6} of {one.asked:,} failed")
    return Goal("requests that failed in updates", len(ours.failures), "=", 0, digits=0)


def machine(place: Place, rounds: int) -> list[Goal]:
    """How long requests fail after a machine's end, and when all pods are there again: of both
    services at once, for it is one machine's end."""
    print(f"a machine switched off under 2 pods of each, {rounds} rounds")
    losses: list[dict[str, Loss]] = [_lost(place) for _ in range(rounds)]
    heads = ("marked", "unled", "failed", "later", "until", "whole")
    print(f"  {'':10}" + "".join(f"{head:>9}" for head in heads) + "  (seconds are medians)")
    for name in SERVICES:
        mine = [one[name] for one in losses]
        marked, unled, last = (
            f"{statistics.median(getattr(one, what) for one in mine):.1f}"
            for what in ("marked", "unled", "last")
        )
        failed, later = (
            str(sum(getattr(one, what) for one in mine)) for what in ("failed", "later")
        )
        there = [one.whole for one in mine if one.whole is not None]
        whole = f"{statistics.median(there):.1f}" if len(there) == len(mine) else f"> {LONGEST:g}"
        row = (marked, unled, failed, later, last, whole)
        asked = sum(one.asked for one in mine)
        print(f"  {name:10}" + "".join(f"{one:>9}" for one in row) + f"  of {asked:,} requests")
    ours = [one["ours"] for one in losses]
    more = statistics.median(one.last - one.marked for one in ours)
    whole_again = statistics.median(one.whole or LONGEST for one in ours)
    return [
        Goal("requests fail after the cluster knows, for", more, "<=", 5, "s", 1),
        Goal("all pods there again after a machine's end", whole_again, "<=", 60, "s", 1),
    ]


class Loss(NamedTuple):
    """What a machine's end did to a service, in seconds after it. marked: the cluster calls the
    machine silent; unled: it leads nobody there any more; last: the last request that failed;
    whole: both pods answer elsewhere, None where they did not within LONGEST. failed: requests
    until it led nobody there; later: those that failed afterwards."""

    asked: int
    failed: int
    later: int
    marked: float
    unled: float
    last: float
    whole: float | None


def _lost(place: Place) -> dict[str, Loss]:
    with _ours(place), _by_hand(place):
        for name in SERVICES:
            where = sorted(str(one.get("nodeName")) for one in _endpoints(place, name))
            if where != [STAYS, NODE]:
                raise SystemExit(f"the pods of {name} are on {where}, not one on each machine")
        with _asked(place, "ours") as mine, _asked(place, "theirs") as other:
            off = time.time()
            power.off(OFF)
            try:
                moments = _followed(place)
            finally:
                power.on(OFF)
    found = {}
    for name, met in (("ours", mine), ("theirs", other)):
        marked, unled, whole = (_since(off, moments.get((what, name))) for what in _MOMENTS)
        assert marked is not None and unled is not None, "the cluster noticed"
        # That it is switched on again is the lab's own work, on the processors of all.
        upto = whole or LONGEST
        failures = [one - off for one in met.failures if one - off <= upto]
        early = sum(one <= unled for one in failures)
        late, last = len(failures) - early, max(failures, default=0.0)
        found[name] = Loss(met.asked, early, late, marked, unled, last, whole)
    return found


_MOMENTS = ("marked", "unled", "whole")


def _followed(place: Place) -> dict[tuple[str, str], float]:
    """When what happened to which service, until both are whole or LONGEST is over."""
    found: dict[tuple[str, str], float] = {}
    end = time.time() + LONGEST

    def settled() -> bool:
        for name in SERVICES:
            for what in _MOMENTS:
                if (what, name) not in found and _LOOKS[what](place, name):
                    found[what, name] = time.time()
        return all(("whole", name) in found for name in SERVICES) or time.time() > end

    until("both services to be whole, or the end of patience", settled, LONGEST + _PATIENCE)
    return found


def _silent(place: Place, _name: str) -> bool:
    conditions = place.admin.get("node", NODE)["status"]["conditions"]
    return any(one["type"] == "Ready" and one["status"] == "Unknown" for one in conditions)


def _unled(place: Place, name: str) -> bool:
    return all(one["nodeName"] != NODE for one in _endpoints(place, name))


def _whole(place: Place, name: str) -> bool:
    return [one["nodeName"] for one in _endpoints(place, name)] == [STAYS, STAYS]


_LOOKS: dict[str, Callable[[Place, str], bool]] = {
    "marked": _silent,
    "unled": _unled,
    "whole": _whole,
}


def _endpoints(place: Place, name: str) -> list[dict[str, Any]]:
    """Those that requests are led to."""
    slices = place.admin.get("endpointslices", "-l", f"kubernetes.io/service-name={name}")["items"]
    return [
        end
        for one in slices
        for end in one.get("endpoints") or ()
        if end["conditions"].get("ready")
    ]


def _since(began: float, moment: float | None) -> float | None:
    return None if moment is None else moment - began


@contextmanager
def _ours(place: Place) -> Iterator[None]:
    how = ("--name", "ours", "--image", place.python, "--port", 8080, "--replicas", 2)
    place.rankzero("serve", "deploy", *how, "--", *_SERVER)
    try:
        yield
    finally:
        place.rankzero("serve", "delete", "ours")
        gone = ("get", "pods", "-l", "rankzero/service=ours")
        until("its pods to go", lambda: not place.admin.get(*gone[1:])["items"], _PATIENCE)


@contextmanager
def _by_hand(place: Place) -> Iterator[None]:
    labels = {"app": "theirs"}
    container = {"name": "it", "image": place.python, "command": _SERVER}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "spec": {"selector": labels, "ports": [{"port": 8080}]},
    }
    for one in (deployment, service):
        place.admin.apply({**one, "metadata": {"name": "theirs"}})
    wait = ("wait", "deployment/theirs", "--for=condition=Available", f"--timeout={_PATIENCE}s")
    place.admin(*wait, seconds=_PATIENCE + 10)
    time.sleep(2)  # without a readiness probe nobody can tell when it listens
    try:
        yield
    finally:
        place.admin("delete", "deployment,service", "theirs")


@contextmanager
def _asked(place: Place, service: str) -> Iterator[_Met]:
    """As long as the block lasts, and a little; what was met is in it afterwards."""
    address = place.admin.get("service", service)["spec"]["clusterIP"]
    command = ["python3", "-c", _ASKING, f"http://{address}:8080"]
    container = {"name": "it", "image": place.python, "command": command}
    spec = {"restartPolicy": "Never", "nodeName": STAYS, "containers": [container]}
    name = f"asks-{service}"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    place.admin.apply(pod)
    until("the one who asks", lambda: _phase(place, name) == "Running", _PATIENCE)
    met = _Met()
    time.sleep(2)  # some requests before anything happens
    yield met
    time.sleep(2)
    place.admin("exec", name, "--", "touch", "/tmp/over")
    until("its end", lambda: _phase(place, name) == "Succeeded", _PATIENCE)
    said = json.loads(place.admin("logs", name).splitlines()[-1])
    met.asked, met.failures = said["asked"], [began for began, _ in said["failures"]]
    place.admin("delete", "pod", name)


class _Met:
    asked = 0
    failures: list[float]


def _phase(place: Place, pod: str) -> str:
    return str(place.admin.get("pod", pod)["status"].get("phase"))


def _sum(before: Met, met: _Met) -> Met:
    return Met(before.asked + met.asked, before.failures + met.failures)
