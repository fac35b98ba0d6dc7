"""`rankzero describe` on a cluster: what is there, and what this user may not see of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import ROLE, Team

WAITS = "import time\nprint('up', flush=True)\ntime.sleep(3000)\n"
JOB = """
name: two
run: train.py
roles:
  worker: {nodes: 2, nproc: 2, ports: {board: 6006}}
"""


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(cluster, tmp_path_factory.mktemp("describe")) as made:
        yield made


@pytest.fixture(scope="module")
def able(place: Shared) -> Team:
    return place.member()


@pytest.fixture(scope="module")
def run(able: Team) -> str:
    able.script(WAITS)
    started = able.call("run", able.script(JOB, "job.yaml"), "--detach")
    assert started.code == 0, started
    run = started.out.strip()
    able.until_logged(run, "up\n", 4)
    return run


def told(team: Team, *words: str) -> Any:
    said = team.call("describe", *words, "-o", "json")
    assert said.code == 0, said
    return json.loads(said.out)


def test_all_of_a_run_is_there(able: Team, run: str) -> None:
    found = told(able, run)

    assert (found["kind"], found["name"], found["state"]) == ("run", run, "running")
    sizes = {one["name"]: one["size"] for one in found["objects"] if one["kind"] == "ConfigMap"}
    assert set(sizes) == {f"{run}-agent", f"{run}-code-0"}
    assert all(size > 0 for size in sizes.values())
    assert [(one["node"], one["state"]) for one in found["nodes"]] == [
        ("worker/0", "Running"),
        ("worker/1", "Running"),
    ]
    assert [(one["name"], one["kind"]) for one in found["services"]] == [(run, "headless")]
    assert {"Scheduled", "Started", "SuccessfulCreate"} <= {
        one["reason"] for one in found["events"]
    }
    times = [one["time"] for one in found["events"]]
    assert times == sorted(times)
    assert found["not_shown"] == []


def test_every_rank_s_name_is_what_the_cluster_s_dns_knows(able: Team, run: str) -> None:
    ranks = told(able, run)["ranks"]

    assert [one["rank"] for one in ranks] == [0, 1, 2, 3]
    assert {one["name"] for one in ranks} == {f"{run}-worker-{index}.{run}" for index in (0, 1)}
    assert len({(one["node"], one["port"]) for one in ranks}) == 4
    assert all(one["ports"] == {"board": 6006} for one in ranks)
    ask = f"import socket; print(socket.gethostbyname({ranks[3]['name']!r}))"
    said = able.call("exec", run, "--", "python3", "-c", ask)
    assert said.out.strip() == ranks[3]["address"], said


def test_a_node_is_described_by_its_name_or_its_pod_s(able: Team, run: str) -> None:
    by_node = told(able, run, "worker/1")
    (pod,) = [one["name"] for one in by_node["nodes"]]
    by_pod = told(able, pod)

    assert by_node["kind"] == "node"
    assert by_pod | {"state": ""} == by_node | {"state": ""}
    assert [one["rank"] for one in by_node["ranks"]] == [2, 3]
    assert {one["of"] for one in by_node["conditions"]} == {pod}
    assert {name for one in by_node["events"] for name in one["of"]} == {pod}


def test_with_the_least_role_the_rest_is_shown_and_what_is_missing_named(
    place: Shared, run: str
) -> None:
    lesser = place.member(without("events", role=ROLE))
    said = lesser.call("describe", run)

    assert said.code == 0, said
    for shown in (f"{run}-agent", f"{run}-code-0", "worker/1", f"{run}-worker-1.{run}", "headless"):
        assert shown in said.out
    missing = [line for line in said.out.splitlines() if line.startswith("not shown: ")]
    assert [line.split("may not ")[1].split(" in ")[0] for line in missing] == [
        "list configmaps",
        "list events",
    ]


def test_without_the_right_to_ask_the_pods_all_else_is_shown(place: Shared, run: str) -> None:
    said = place.member(without("pods/exec")).call("describe", run)

    assert said.code == 0, said
    assert "worker/1" in said.out
    assert "not shown: ranks: may not" in said.out


def test_a_machine_is_described_to_those_who_may_look_at_machines(
    cluster: Cluster, able: Team, run: str
) -> None:
    machine = told(able, run)["nodes"][0]["machine"]
    env = {"KUBECONFIG": str(cluster.kubeconfig)}

    found = able.call("describe", machine, "-o", "json", env=env)
    assert found.code == 0, found
    document = json.loads(found.out)
    assert (document["kind"], document["name"]) == ("machine", machine)
    assert "Ready" in {one["type"] for one in document["conditions"]}
    assert able.call("describe", machine).code == 2


@pytest.mark.parametrize("words", [("nothing-0000",), ("nothing-0000", "worker/0")])
def test_what_is_nowhere_is_an_unknown_run(able: Team, words: tuple[str, ...]) -> None:
    said = able.call("describe", *words)

    assert (said.code, 'There is no run "nothing-0000"' in said.err) == (2, True), said


def test_a_node_that_the_run_has_not_is_answered_with_those_it_has(able: Team, run: str) -> None:
    said = able.call("describe", run, "worker/2")

    assert (said.code, "worker/0, worker/1" in said.err) == (2, True), said
