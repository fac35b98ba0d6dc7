"""A machine that is switched off holds its pods for ever: `rankzero recover`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.waiting import until

from .dying import NODE, OFF, READS_PODS, machines, number, pods, submitted
from .lab import namespaces, power
from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import Team

pytestmark = pytest.mark.alone

#: NotReady after 10 s, 30 s of toleration, then what a busy machine adds.
GIVEN_UP = 120.0


@pytest.fixture
def place(lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(lab, tmp_path_factory.mktemp("recover")) as made:
        yield made
        if not namespaces.runs(NODE):
            power.on(OFF)


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
    (old,) = [pod for pod in pods(team, run) if number(pod) == 1]

    power.off(OFF)
    until(
        lambda: [one for one in held(team, run, "--dry-run") if one["lost"]], "certainty", GIVEN_UP
    )

    refused = lesser.call("recover", run)
    assert refused.code == 3
    name = old["metadata"]["name"]
    assert f"delete pod {name} --grace-period=0 --force" in refused.err
    assert [pod["metadata"]["uid"] for pod in pods(team, run) if number(pod) == 1] == [
        old["metadata"]["uid"]
    ]

    (done,) = held(team, run)
    assert (done["node"], done["name"], done["deleted"]) == ("worker/1", name, True)
    until(lambda: team.call("logs", run).out.count("up 2\n") == 2, "both ranks again")
    assert held(team, run) == []

    power.on(OFF)
    until(lambda: all(where == "node0" for where in machines(team, run).values()), "one of each")
    status = json.loads(team.call("status", run, "-o", "json").out)["runs"][0]
    assert (status["state"], status["generation"], status["restarts"]) == ("running", 2, 1)
