"""A service that is asked all the time: while a new version comes, and when a machine dies.

The peer is a Deployment and a Service as one writes them by hand: an image, a command, a port. What
a machine's death costs is measured beside the moment at which the cluster itself knows of it:
before, nobody can lead requests elsewhere.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
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
    """How long requests fail after a machine's end, and when all pods are there again."""
    print(f"a machine switched off under 2 pods, {rounds} rounds")
    marked, last, whole = [], [], []
    for _ in range(rounds):
        with _ours(place):
            with _asked(place, "ours") as met:
                off = time.time()
                power.off(OFF)
                try:
                    wait = ("wait", f"node/{NODE}", "--for=condition=Ready=Unknown")
                    place.admin(*wait, f"--timeout={_PATIENCE}s", seconds=_PATIENCE + 10)
                    marked.append(time.time() - off)
                    until("both pods elsewhere", lambda: _elsewhere(place), _PATIENCE)
                    whole.append(time.time() - off)
                finally:
                    power.on(OFF)
            # That it is switched on again is the lab's own work, on the processors of all.
            failures = [one - off for one in met.failures if one - off <= whole[-1]]
            last.append(max(failures, default=0.0))
            print(f"  {len(failures)} of {met.asked:,} requests failed, until {last[-1]:.1f} s")
    figures = {"marked as silent by the cluster": marked, "last request that failed": last}
    for name, values in {**figures, "all pods there again": whole}.items():
        print(f"  {name:32}{statistics.median(values):9.1f} s")
    more = statistics.median(b - a for a, b in zip(marked, last, strict=True))
    return [
        Goal("requests fail after the cluster knows, for", more, "<=", 5, "s", 1),
        Goal(
            "all pods there again after a machine's end", statistics.median(whole), "<=", 60, "s", 1
        ),
    ]


def _elsewhere(place: Place) -> bool:
    pods = place.admin.get("pods", "-l", "rankzero/service=ours")["items"]
    return (
        sum(
            one["spec"].get("nodeName") == STAYS
            and any(
                state["type"] == "Ready" and state["status"] == "True"
                for state in one["status"].get("conditions", ())
            )
            for one in pods
        )
        >= 2
    )


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
def _asked(place: Place, service: str) -> Iterator[Any]:
    """As long as the block lasts, and a little; what was met is in it afterwards."""
    address = place.admin.get("service", service)["spec"]["clusterIP"]
    command = ["python3", "-c", _ASKING, f"http://{address}:8080"]
    container = {"name": "it", "image": place.python, "command": command}
    spec = {"restartPolicy": "Never", "nodeName": STAYS, "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asking"}, "spec": spec}
    place.admin.apply(pod)
    until("the one who asks", lambda: _phase(place) == "Running", _PATIENCE)
    met = _Met()
    time.sleep(2)  # some requests before anything happens
    yield met
    time.sleep(2)
    place.admin("exec", "asking", "--", "touch", "/tmp/over")
    until("its end", lambda: _phase(place) == "Succeeded", _PATIENCE)
    said = json.loads(place.admin("logs", "asking").splitlines()[-1])
    met.asked, met.failures = said["asked"], [began for began, _ in said["failures"]]
    place.admin("delete", "pod", "asking")


class _Met:
    asked = 0
    failures: list[float]


def _phase(place: Place) -> str:
    return str(place.admin.get("pod", "asking")["status"].get("phase"))


def _sum(before: Met, met: _Met) -> Met:
    return Met(before.asked + met.asked, before.failures + met.failures)
