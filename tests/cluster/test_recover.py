"""A machine that is switched off holds its pods for ever: `rankzero recover`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.waiting import until

from .lab import namespaces, power
from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import Team

pytestmark = pytest.mark.alone

NODE, OFF = "node1", 1
#: NotReady after 10 s, 30 s of toleration, then what a busy machine adds.
GIVEN_UP = 120.0
#: As everybody who looks at runs, and no more.
READS_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
JOB = """
name: lasting
run: train.py
max_restarts: 3
grace: 5s
roles:
  worker: {nodes: 2}
"""
WAITS = """
import os, time
print("up", os.environ["RANKZERO_GENERATION"], flush=True)
time.sleep(3000)
"""


@pytest.fixture
def place(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(lab, tmp_path_factory.mktemp("recover")) as made:
        yield made
        if not namespaces.runs(NODE):
            power.on(OFF)


def submitted(team: Team) -> str:
    """A run whose second node, and only that, is on the machine that will go."""
    team.script(WAITS)
    for _ in range(10):  # the scheduler spreads them; which one goes where it does not say
        started = team.call("run", team.script(JOB, "job.yaml"), "--detach")
        assert started.code == 0, started
        run = started.out.strip()
        until(lambda run=run: team.call("logs", run).out.count("up 1\n") == 2, "both ranks")
        where = {labels(pod): pod["spec"]["nodeName"] for pod in pods(team, run)}
        if where == {"0": "node0", "1": NODE}:
            return run
        team.call("stop", run, "--grace", "0")
    raise AssertionError(f"the nodes were never where they should be: {where}")


def pods(team: Team, run: str) -> list[Any]:
    return list(team.admin.get("pods", "-l", f"rankzero/run={run}")["items"])


def labels(pod: Any) -> str:
    return str(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])


def held(team: Team, run: str, *words: str) -> list[Any]:
    said = team.call("recover", run, "-o", "json", *words)
    assert said.code == 0, said
    return list(json.loads(said.out)["held"])


@pytest.mark.timeout(600)
def test_a_node_that_a_dead_machine_holds_starts_elsewhere(place: Shared) -> None:
    team = place.member()
    lesser = place.member({"rules": [*without("pods")["rules"], READS_PODS]})
    run = submitted(team)
    assert team.call("recover", run).out == f"No machine holds a node of {run}; nothing was done.\n"
    (old,) = [pod for pod in pods(team, run) if labels(pod) == "1"]

    power.off(OFF)
    until(
        lambda: [one for one in held(team, run, "--dry-run") if one["lost"]], "certainty", GIVEN_UP
    )

    refused = lesser.call("recover", run)
    assert refused.code == 3
    name = old["metadata"]["name"]
    assert f"delete pod {name} --grace-period=0 --force" in refused.err
    assert [pod["metadata"]["uid"] for pod in pods(team, run) if labels(pod) == "1"] == [
        old["metadata"]["uid"]
    ]

    (done,) = held(team, run)
    assert (done["node"], done["name"], done["deleted"]) == ("worker/1", name, True)
    until(lambda: team.call("logs", run).out.count("up 2\n") == 2, "both ranks again")
    assert held(team, run) == []

    power.on(OFF)
    until(lambda: all(pod["spec"]["nodeName"] == "node0" for pod in pods(team, run)), "one of each")
    status = json.loads(team.call("status", run, "-o", "json").out)["runs"][0]
    assert (status["state"], status["generation"], status["restarts"]) == ("running", 2, 1)
