"""A list of thousands of pods, as objects: against the official Python client.

Both ask the same server for the same pods in turns. What the server and the way take is told apart
from what the client does with the bytes: only that is the client's.
"""

from __future__ import annotations

import copy
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.cluster.lab.shell import until

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import PROGRAMS, Place
from benchmarks.cluster.writes import NOBODY
from benchmarks.pairs import ratio, table

SCRIPT = "ends.py"
OFFICIAL = "kubernetes==37.*"
_ENVIRONMENT = Path(__file__).parents[2] / "build" / "official"
#: So many kubectls create pods at once: each keeps to 50 requests a second.
_CLIENTS = 8
_PATIENCE = 600


def main(place: Place, options: Options) -> list[Goal]:
    rounds = options.rounds_or(3)
    readers = {
        "rankzero": [sys.executable, PROGRAMS / "own.py"],
        "official": [environment(), PROGRAMS / "official.py"],
    }
    server: dict[str, list[float]] = {name: [] for name in readers}
    client: dict[str, list[float]] = {name: [] for name in readers}
    with pods(place, options.pods) as selector:
        for _ in range(rounds):
            for name, reader in readers.items():
                command = [*map(str, reader), place.admin.namespace, selector]
                waited, worked, count = json.loads(place.call(command).text)
                assert count == options.pods, f"{name} saw {count} of {options.pods} pods"
                server[name].append(waited)
                client[name].append(worked)
    print(f"a list of {options.pods:,} pods, {rounds} rounds: from bytes to objects")
    table(client, "official", "s", digits=3)
    for name in readers:
        waited, worked = statistics.median(server[name]), statistics.median(client[name])
        print(
            f"  {name:10} the whole call {waited + worked:.2f} s, of which the server and the way "
            f"{waited:.2f} s"
        )
    what = f"{options.pods:,} pods decoded / official client"
    return [Goal(what, ratio(client, "rankzero", "official"), "<=", 0.05, digits=3)]


def environment() -> str:
    """The interpreter of an environment that has the official client, made where there is none."""
    python = _ENVIRONMENT / "bin" / "python"
    if not (_ENVIRONMENT / "ready").exists():
        print(f"installing {OFFICIAL} into {_ENVIRONMENT}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", _ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", OFFICIAL], check=True)
        (_ENVIRONMENT / "ready").touch()
    return str(python)


@contextmanager
def pods(place: Place, count: int) -> Iterator[str]:
    """So many pods of one run, which nobody schedules; gone after the block. Gives the label that
    selects them."""
    said = place.rankzero(
        *("run", SCRIPT, "--image", place.python, "--dry-run", "--output", "json"),
        cwd=place.code(SCRIPT),
    )
    plan = json.loads(said.text)
    (job,) = (one for one in plan["manifests"] if one["kind"] == "Job")
    selector = f"rankzero/run={plan['run']}"
    try:
        _create(place, list(like(job, count)))
        yield selector
    finally:
        # One call for all of them: `kubectl delete pods` makes one a pod, and then waits for each.
        where = f"/api/v1/namespaces/{place.admin.namespace}/pods?labelSelector={quote(selector)}"
        place.admin("delete", "--raw", f"{where}&gracePeriodSeconds=0", seconds=_PATIENCE)
        first = ("get", "--raw", f"{where}&limit=1")
        until("the pods to go", lambda: not json.loads(place.admin(*first))["items"], _PATIENCE)


def like(job: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
    """The pods that a Job would make, each by itself: its controller makes 20 a second."""
    for index in range(count):
        made = copy.deepcopy(job["spec"]["template"])
        name = f"{job['metadata']['name']}-{index}"
        made["metadata"]["name"] = made["spec"]["hostname"] = name
        made["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] = str(index)
        made["spec"]["schedulerName"] = NOBODY
        yield {"apiVersion": "v1", "kind": "Pod", **made}


def _create(place: Place, made: list[dict[str, Any]]) -> None:
    """By several clients at once."""
    clients = []
    for number in range(_CLIENTS):
        part = {"apiVersion": "v1", "kind": "List", "items": made[number::_CLIENTS]}
        path = place.folder / f"pods-{number}.json"
        path.write_text(json.dumps(part), encoding="utf-8")
        command = place.admin.command("create", "--validate=false", "-f", path)
        clients.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
    codes = [client.wait(_PATIENCE) for client in clients]
    if any(codes):
        raise SystemExit("the pods could not be created")
