"""Machines that die under the steps of a pipeline, and under its driver: nobody watches, and nobody
types anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from support.waiting import until

from .dying import NODE
from .lab.target import Cluster
from .piping import PATIENCE, events, written
from .team import Team
from .test_healing import GIVEN_UP, switched_off

#: It takes machines away from everybody.
pytestmark = pytest.mark.alone

#: A step that begins on the machine that will go, and ends anywhere else.
STEP = f"""
import os, time
print("up on", os.environ["MACHINE"], flush=True)
if os.environ["MACHINE"] == "{NODE}":
    time.sleep(3000)
"""
PIPELINE = f"""
name: lasting
steps:
  train:
    cache: false
    job:
      run: train.py
      max_restarts: 3
      pod:
        containers:
          - name: rank
            env: [{{name: MACHINE, valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}}}]
        affinity:
          nodeAffinity:
            preferredDuringSchedulingIgnoredDuringExecution:
              - weight: 100
                preference:
                  matchExpressions:
                    - {{key: kubernetes.io/hostname, operator: In, values: [{NODE}]}}
  report: {{command: [echo, "it went on"], needs: [train], cache: false}}
"""


def submitted(team: Team, driver_on: str) -> str:
    """A pipeline that nobody watches, whose driver is on this machine, and whose step is on the one
    that will go."""
    for _ in range(12):  # where its step goes the scheduler decides
        name = begun(team, driver_on)
        if step(team, name) == NODE:
            return name
        assert team.call("pipeline", "delete", name, "--force").code == 0
    raise AssertionError(f"no step came to {NODE}")


def begun(team: Team, driver_on: str) -> str:
    """One whose step runs, somewhere."""
    with closed_to_new_pods(team, "node0" if driver_on == NODE else NODE):
        started = team.call("pipeline", "run", written(team, PIPELINE), "-d")
        assert started.code == 0, started
        name = started.out.strip()
        until(lambda: placed(team, name), "its driver to have a machine", PATIENCE)
    assert driver(team, name)["spec"]["nodeName"] == driver_on
    until(lambda: step(team, name), "its step to run", PATIENCE)
    return name


@contextmanager
def closed_to_new_pods(team: Team, machine: str) -> Iterator[None]:
    team.admin("cordon", machine)
    try:
        yield
    finally:
        team.admin("uncordon", machine)


def placed(team: Team, name: str) -> bool:
    """Whether its driver has a machine."""
    found = drivers_of(team, name)
    return bool(found) and "nodeName" in found[0]["spec"]


def step(team: Team, name: str) -> str:
    """The machine on which its step runs; empty before it does."""
    found = team.admin.get("pods", "-l", f"rankzero/pipeline={name}")["items"]
    running = [one for one in found if one["status"]["phase"] == "Running"]
    return str(running[0]["spec"]["nodeName"]) if running else ""


def driver(team: Team, name: str) -> Any:
    """Its newest driver's pod."""
    return max(drivers_of(team, name), key=lambda one: one["metadata"]["creationTimestamp"])


def drivers_of(team: Team, name: str) -> list[Any]:
    selector = f"batch.kubernetes.io/job-name={name}-driver"
    return list(team.admin.get("pods", "-l", selector)["items"])


@pytest.mark.timeout(900)
def test_pipelines_outlive_a_machine_and_nobody_looks(lab: Cluster, piping: Team) -> None:
    piping.script(STEP)
    lives, dies = submitted(piping, "node0"), submitted(piping, NODE)
    old = driver(piping, dies)["metadata"]["uid"]
    with switched_off():
        for name in (lives, dies):
            waited = piping.start("pipeline", "wait", name).wait(GIVEN_UP)
            assert waited.code == 0, waited
        assert driver(piping, dies)["metadata"]["uid"] != old
    for name in (lives, dies):
        said = piping.call("pipeline", "events", name, "-o", "json").out.splitlines()
        told = [json.loads(line) for line in said]
        assert [one["kind"] for one in told].count("started") == 2, "each step once"
        notes = [one["text"] for one in told if one["kind"] == "noted"]
        assert notes == [
            "machine node1 is dead: took worker/0 of train from it, to start elsewhere"
        ]
        lines = piping.call("pipeline", "logs", name).out.splitlines()
        assert {"[train] [0] up on node0", "[report] it went on"} <= set(lines)


@pytest.mark.timeout(900)
def test_a_client_goes_on_too(lab: Cluster, piping: Team) -> None:
    piping.script(STEP)
    driving = piping.start("pipeline", "run", written(piping, PIPELINE), "--driver", "client")
    driving.until_said(f"up on {NODE}", PATIENCE)
    with switched_off():
        said = driving.wait(GIVEN_UP)
    assert said.code == 0, said
    assert "machine node1 is dead: took worker/0" in said.err
    assert "[report] it went on" in said.out
    assert [one["kind"] for one in events(piping)].count("started") == 2
