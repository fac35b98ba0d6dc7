"""Pipelines on a cluster, as a user with rights in one namespace runs them and looks at them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rankzero.plan.kubernetes import driver
from support import processes
from support.waiting import until

from .lab.target import Cluster
from .piping import PATIENCE, drivers, events, listed, rules, run, written
from .team import Team
from .test_pods import INDEX

TRAIN = """
import os, sys, rankzero
here = rankzero.context()
print("rank", here.rank, "of", here.world_size, sorted(os.listdir(sys.argv[1])), flush=True)
if here.rank == 0:
    with open(os.path.join(os.environ["RANKZERO_OUTPUTS"], "model"), "w") as file:
        file.write("weights of " + sys.argv[2])
"""
DIGITS = """
name: digits
output_volume: shared
params: {scale: 2}
steps:
  load:
    command: [sh, -c, 'mkdir $RANKZERO_OUTPUTS/data; echo row > $RANKZERO_OUTPUTS/data/a;
      echo "[1, 2]" > $RANKZERO_OUTPUTS/seeds']
    outputs: {data: path, seeds: value}
  train:
    job: {run: train.py, nodes: 2, args: ["${inputs.data}", "${scale}"]}
    inputs: [load.data]
    outputs: {model: path}
  each:
    command: [python, -c, 'import os; print("seed ${item}");
      open(os.environ["RANKZERO_OUTPUTS"] + "/o", "w").write("${item}0")']
    for_each: load.seeds
    outputs: {o: value}
  report:
    command: [sh, -c, 'echo $(cat ${inputs.model}) ${inputs.o}']
    inputs: [train.model, each.o]
  never:
    command: ["false"]
    when: ${scale} > 2
"""


@pytest.mark.timeout(400)
def test_steps_jobs_and_what_they_hand_on(piping: Team) -> None:
    piping.script(TRAIN)
    said = run(piping, DIGITS)
    assert said.code == 0, said
    lines = said.out.splitlines()
    for rank in (0, 1):
        assert f"[train] [{rank}] rank {rank} of 2 ['a']" in lines
    assert {"[each[0]] seed 1", "[each[1]] seed 2"} <= set(lines)
    assert "[report] weights of 2 [10, 20]" in lines
    assert "never is left out" in said.err

    kinds = [one["kind"] for one in events(piping)]
    assert (kinds.count("started"), kinds.count("committed")) == (5, 5)
    assert kinds[-1] == "finished"
    assert "[report] weights of 2" in piping.call("pipeline", "logs", "-", "--step", "report").out
    fetched = piping.start("pipeline", "outputs", "-", "--to", "../got").wait(PATIENCE)
    assert fetched.code == 0, fetched
    assert (piping.work / ".." / "got" / "train" / "model").read_text() == "weights of 2"
    assert (piping.work / ".." / "got" / "load" / "data" / "a").read_text() == "row\n"
    assert (piping.work / ".." / "got" / "each" / "1" / "o").read_text() == "20\n"
    assert "No runs." in piping.call("list").out, "its parts are no runs of the user's own"

    again = run(piping, DIGITS.replace("echo $(cat", "echo again $(cat"), "--set", "scale=2")
    assert again.code == 0, again
    assert "[report] again weights of 2 [10, 20]" in again.out
    states = json.loads(piping.call("pipeline", "status", "-", "-o", "json").out)
    cached = {one["step"]: one["cached"] for one in states["pipelines"][0]["steps"]}
    assert cached == {"load": 1, "train": 1, "each": 2, "report": 0, "never": 0}

    (first,) = {one["run"] for one in listed(piping)} - {states["pipelines"][0]["run"]}
    assert piping.call("pipeline", "delete", first).code == 0
    fetched = piping.start("pipeline", "outputs", "-", "--to", "../kept").wait(PATIENCE)
    assert fetched.code == 0, fetched
    assert (piping.work / ".." / "kept" / "train" / "model").read_text() == "weights of 2"

    assert piping.call("pipeline", "delete", "--all").code == 0
    until(
        lambda: "digits" not in piping.admin("get", "jobs,pods,configmaps,secrets", "-o", "name"),
        "all of it to be gone",
    )


PLACED = """
name: placed
steps:
  train:
    job:
      run: train.py
      roles:
        worker:
          place: [{{{key}: a}}, {{{key}: b}}]
          labels: {{team: vision}}
          ports: {{board: 6006}}
    cache: false
"""
NAMES = """
import os, socket
run, here = os.environ["RANKZERO_RUN"], os.environ["RANKZERO_NODE"]
own, stable = socket.gethostname(), f"{run}-worker-{here}"
found = socket.gethostbyname(f"{stable}.{run}") == socket.gethostbyname(own)
print(here, own == stable, found, os.environ["RANKZERO_PORT_BOARD"])
"""


def test_worker_i_of_a_step_is_on_machine_i_with_a_name_a_port_and_the_users_labels(
    piping: Team, marked: tuple[str, list[str]]
) -> None:
    key, (first, second) = marked
    piping.script(NAMES)

    said = run(piping, PLACED.format(key=key))

    assert said.code == 0, said
    lines = [f"[train] [{rank}] {rank} True True 6006" for rank in (0, 1)]
    assert sorted(said.out.splitlines()) == lines
    pods = piping.admin.get("pods", "-l", "team=vision")["items"]
    found = {one["metadata"]["labels"][INDEX]: one["spec"]["nodeName"] for one in pods}
    assert found == {"0": second, "1": first}


SLOW = """
name: slow
steps:
  first: {command: [sh, -c, 'echo begun; sleep 5; echo done'], cache: false}
  second: {command: [sh, -c, 'echo ${inputs.x}'], needs: [first], cache: false}
""".replace("${inputs.x}", "second")


def test_a_driver_that_is_killed_finds_what_it_had_begun(lab: Cluster, piping: Team) -> None:
    started = piping.call("pipeline", "run", written(piping, SLOW), "-d")
    assert started.code == 0, started
    name = started.out.strip()
    until(lambda: "started" in [one["kind"] for one in events(piping)], "the first step")
    before = [one.pid for one in drivers(name)]
    processes.kill(*before)
    until(lambda: {one.pid for one in drivers(name)} - {*before}, "another driver", PATIENCE)

    assert piping.start("pipeline", "wait", name).wait(PATIENCE).code == 0
    kinds = [(one["kind"], one.get("step")) for one in events(piping)]
    assert kinds == [
        ("started", "first"),
        ("committed", "first"),
        ("started", "second"),
        ("committed", "second"),
        ("finished", None),
    ]
    assert piping.call("pipeline", "logs", name).out.splitlines() == [
        "[first] begun",
        "[first] done",
        "[second] second",
    ]


FAILS = """
name: fails
steps:
  bad: {command: [sh, -c, 'echo words >&2; exit 3'], retries: 1, cache: false}
  quiet: {command: ["true"], outputs: {x: value}, cache: false}
  after: {command: ["true"], needs: [bad]}
"""


def test_what_fails_is_told(piping: Team) -> None:
    said = run(piping, FAILS, "--slots", "1")
    assert said.code == 1, said
    assert "✗ bad exited with code 3; tried again" in said.err
    why = piping.call("pipeline", "why", "-").out
    assert "its output `x` was not written: /rankzero/run/outputs/x" in why + said.err
    states = json.loads(piping.call("pipeline", "status", "-", "-o", "json").out)["pipelines"][0]
    told = {one["step"]: (one["state"], one["attempts"]) for one in states["steps"]}
    assert told == {"bad": ("failed", 2), "quiet": ("failed", 1), "after": ("blocked", 0)}


def test_one_is_stopped(piping: Team) -> None:
    text = SLOW.replace("sleep 5", "exec sleep 3600")
    name = piping.call("pipeline", "run", written(piping, text), "-d").out.strip()
    following = piping.start("pipeline", "logs", name, "--follow")
    until(lambda: "begun" in following.out, "the step's line", PATIENCE)
    said = piping.start("pipeline", "stop", name).wait(PATIENCE)
    assert said.code == 0, said
    assert "stopped" in said.out
    following.wait(PATIENCE)
    until(
        lambda: "Running" not in piping.admin("get", "pods", "-l", f"rankzero/pipeline={name}"),
        "its pods to end",
        PATIENCE,
    )
    assert "it was stopped by rankzero pipeline stop" in piping.call("pipeline", "why", name).out


def test_where_nobody_may_make_accounts_one_that_is_there_does(team: Team) -> None:
    """The team has the usual rights only."""
    file = written(team, SLOW.replace("sleep 5", "true"))
    refused = team.call("pipeline", "run", file)
    assert refused.code == 3, refused
    assert "create serviceaccounts" in refused.err
    assert "rankzero doctor --rbac --pipelines" in refused.err
    assert "--service-account NAME" in refused.err
    assert "--driver client" in refused.err

    rest = [one for one in rules("--pipelines") if one["resources"] == ["configmaps"]]
    for name, given in {"driver": [dict(one) for one in driver.RIGHTS], "look": rest}.items():
        team.admin.apply(role(name, given))
    team.admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "driver"}})
    account = {"kind": "ServiceAccount", "name": "driver"}
    team.admin.apply(binding("driver", account))
    (ours,) = (
        one["subjects"][0]
        for one in json.loads(team.admin("get", "rolebindings", "-o", "json"))["items"]
        if one["metadata"]["name"] != "driver"
    )
    team.admin.apply(binding("look", ours))
    said = team.start("pipeline", "run", file, "--service-account", "driver").wait(PATIENCE)
    assert said.code == 0, said
    assert "[second] second" in said.out


def role(name: str, given: list[dict[str, Any]]) -> dict[str, Any]:
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
    return {**kind, "metadata": {"name": name}, "rules": given}


def binding(name: str, subject: dict[str, Any]) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
        "subjects": [subject],
    }
