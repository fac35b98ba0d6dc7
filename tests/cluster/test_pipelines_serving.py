"""Services that pipelines leave running on a cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import processes
from support.waiting import until

from .lab.target import Cluster
from .piping import PATIENCE, drivers, events, run, written
from .team import Team

PREDICTOR = """
from rankzero.serving import Json


class Times:
    input = output = Json({"type": "number"})

    def load(self, path):
        self.by = int(open(path).read())
        print("times", self.by, flush=True)

    def predict(self, batch):
        return [self.by * one for one in batch]
"""
#: What a client without the package says.
ASK = """
import json, sys, urllib.request
head = {"Content-Type": "application/json"}
asked = urllib.request.Request(sys.argv[1] + "/predict", b"7", head)
print("answer", json.loads(urllib.request.urlopen(asked).read())["output"], flush=True)
"""
TIMES = """
name: times
output_volume: shared
params: {by: 3, wait: 3m}
steps:
  train:
    command: [sh, -c, 'echo ${by} > $RANKZERO_OUTPUTS/model']
    outputs: [model]
  serve:
    service: {predictor: "app.py:Times", model: "${inputs.model}", wait: "${wait}"}
    inputs: [train.model]
  ask:
    command: [python, ask.py, "${inputs.address}"]
    inputs: [serve.address]
"""


def deployment(team: Team, name: str = "times-serve") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(team.admin("get", "deployment", name, "-o", "json"))
    return found


def note(made: dict[str, Any], name: str) -> str:
    return str(made["metadata"]["annotations"][name])


@pytest.fixture
def serving(piping: Team) -> Team:
    (piping.work / "app.py").write_text(PREDICTOR)
    (piping.work / "ask.py").write_text(ASK)
    return piping


@pytest.mark.timeout(600)
def test_a_service_is_left_running_and_brought_to_new_versions(serving: Team) -> None:
    said = run(serving, TIMES)
    assert said.code == 0, said
    assert "[ask] answer 21" in said.out
    assert f"serve.address  http://times-serve.{serving.namespace}:8000" in said.err

    again = run(serving, TIMES, "--set", "by=5")
    assert again.code == 0, again
    assert "[ask] answer 35" in again.out
    assert note(deployment(serving), "deployment.kubernetes.io/revision") == "2"
    # Nothing is new: nobody is restarted.
    same = run(serving, TIMES, "--set", "by=5")
    assert same.code == 0 and "[ask] answer 35" in same.out, same
    assert note(deployment(serving), "deployment.kubernetes.io/revision") == "2"

    assert serving.call("pipeline", "delete", "--all").code == 0
    until(lambda: "driver" not in serving.admin("get", "jobs", "-o", "name"), "its end")
    pods = serving.admin("get", "pods", "-l", "rankzero/service=times-serve", "-o", "name")
    assert len(pods.split()) == 1
    maps = serving.admin("get", "configmaps", "-o", "name")
    assert "times-serve-code" in maps and "times-serve-server" in maps

    # Who may run pipelines may look after what they leave, with no other Role.
    listed = serving.call("serve", "list")
    assert listed.code == 0 and "times-serve" in listed.out, listed
    deleted = serving.call("serve", "delete", "times-serve")
    assert deleted.code == 0, deleted
    until(lambda: not serving.admin("get", "deployments,services", "-o", "name"), "its end")


@pytest.mark.timeout(600)
def test_one_that_cannot_serve_goes_back_to_what_it_was(serving: Team) -> None:
    assert run(serving, TIMES).code == 0
    broken = PREDICTOR.replace("self.by =", "raise ValueError('no weights'); self.by =")
    (serving.work / "app.py").write_text(broken)
    said = run(serving, TIMES)
    assert said.code == 1, said
    assert "ValueError: no weights (app.py:9); version 1 serves again" in said.err
    assert "ask" in said.err and "could not begin" in said.err
    made = deployment(serving)
    assert note(made, "rankzero/changed").startswith("undone, back to version 1")
    assert made["status"]["availableReplicas"] == 1


def test_a_service_of_somebody_elses_is_left_alone(serving: Team) -> None:
    serving.admin("create", "deployment", "times-serve", "--image", "nobody/knows:1")
    said = run(serving, TIMES)
    assert said.code == 2, said
    assert 'a deployment "times-serve"' in said.err and "which somebody has made" in said.err
    assert "Give the service another `name`" in said.err
    assert not serving.admin("get", "jobs", "-o", "name")


@pytest.mark.timeout(400)
def test_why_says_what_keeps_it_from_serving_and_stop_leaves_what_served(serving: Team) -> None:
    assert run(serving, TIMES).code == 0
    (serving.work / "app.py").write_text(
        PREDICTOR.replace("self.by =", "open('/nothing'); self.by =")
    )
    started = serving.call("pipeline", "run", str(serving.work / "pipeline.yaml"), "-d")
    assert started.code == 0, started

    def why() -> str:
        return serving.call("pipeline", "why", "-").out

    until(lambda: "FileNotFoundError" in why() and "waits   serve" in why(), "why", PATIENCE)
    assert serving.call("pipeline", "stop", "-").code == 0
    assert serving.start("pipeline", "wait", "-").wait(PATIENCE).code != 0
    assert events(serving)[-1]["state"] == "stopped"
    assert note(deployment(serving), "rankzero/changed").startswith("undone, back to version 1")


@pytest.mark.timeout(400)
def test_a_driver_that_is_killed_goes_on_with_the_service(lab: Cluster, serving: Team) -> None:
    slow = PREDICTOR.replace("self.by =", "import time; time.sleep(15); self.by =")
    (serving.work / "app.py").write_text(slow)
    started = serving.call("pipeline", "run", written(serving, TIMES), "-d")
    assert started.code == 0, started
    name = started.out.strip()
    until(lambda: "times-serve" in serving.admin("get", "pods", "-o", "name"), "its pod", PATIENCE)
    processes.kill(*[one.pid for one in drivers(name)])
    said = serving.start("pipeline", "wait", "-").wait(PATIENCE)
    assert said.code == 0, said
    told = events(serving)
    assert [one["step"] for one in told if one["kind"] == "started"] == ["train", "serve", "ask"]
    assert note(deployment(serving), "deployment.kubernetes.io/revision") == "1"
