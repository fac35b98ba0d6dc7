"""Services that pipelines leave running on this machine."""

from __future__ import annotations

import json

import pytest

from support import processes
from support.pipelines import Works
from support.services import Kept
from support.waiting import until

PREDICTOR = """
import os


class Times:
    def load(self, path):
        self.by = int(open(path).read())

    def predict(self, batch):
        return [[self.by * one, os.getpid()] for one in batch]
"""
TIMES = """
name: times
params: {by: 3}
steps:
  train:
    command: [sh, -c, 'echo ${by} > $RANKZERO_OUTPUTS/model']
    outputs: [model]
  serve:
    service: {predictor: "app.py:Times", model: "${inputs.model}", wait: 30s}
    inputs: [train.model]
  after: {command: [echo, "at ${inputs.address}"], inputs: [serve.address]}
"""


@pytest.fixture
def serving(home: Works) -> Works:
    (home.work / "app.py").write_text(PREDICTOR)
    return home


@pytest.fixture
def service(serving: Works) -> Kept:
    """What the pipeline leaves running."""
    return Kept(serving, "times-serve")


def address(home: Works) -> str:
    step = next(one for one in home.status()["steps"] if one["step"] == "serve")
    return str(step["outputs"]["address"]["value"])


def test_a_service_goes_on_when_its_pipeline_is_over(serving: Works, service: Kept) -> None:
    said = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert said.code == 0, said
    assert f"[after] at {address(serving)}" in said.out
    assert service.predict(7)[0] == 21
    first = service.keepers()

    # Nothing is new, so nobody is restarted; and a step that asks a service is asked again.
    again = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert again.code == 0, again
    assert "train cached" in again.err and f"[after] at {address(serving)}" in again.out
    assert service.keepers() == first

    other = serving.call("pipeline", "run", serving.pipeline(TIMES), "--set", "by=5")
    assert other.code == 0, other
    assert service.predict(7)[0] == 35 and service.keepers() != first

    # Its model is an artifact, which is kept as long as it is served.
    assert serving.call("pipeline", "delete", "--all").code == 0
    processes.kill(*service.keepers())
    assert serving.call("serve", "update", "times-serve", "--on", "local").code == 0
    assert service.predict(7)[0] == 35


def test_one_whose_step_is_stopped_before_it_serves_is_gone_back_from(
    serving: Works, service: Kept
) -> None:
    assert serving.call("pipeline", "run", serving.pipeline(TIMES)).code == 0
    begun = serving.work / "begun"
    (serving.work / "app.py").write_text(
        "import pathlib, time\n\nclass Times:\n    def load(self, path):\n"
        f"        pathlib.Path({str(begun)!r}).touch()\n        time.sleep(3600)\n"
        "    def predict(self, batch):\n        return batch\n"
    )
    command = serving.start("pipeline", "run", serving.pipeline(TIMES))
    until(begun.exists, "the other version to begin to load")
    assert serving.call("pipeline", "stop", "-").code == 0
    assert command.wait().code != 0
    until(lambda: service.status()["state"] == "ready", "the version before")
    assert service.predict(7)[0] == 21


def test_one_that_cannot_serve_goes_back_to_what_it_was(serving: Works, service: Kept) -> None:
    assert serving.call("pipeline", "run", serving.pipeline(TIMES)).code == 0
    broken = PREDICTOR.replace("self.by =", "raise ValueError('no weights'); self.by =")
    (serving.work / "app.py").write_text(broken)
    said = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert said.code == 1, said
    assert "ValueError: no weights" in said.err and "the version before serves again" in said.err
    assert service.predict(7)[0] == 21


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ('{predictor: "app.py:None"}', "app.py has no class None"),
        ("{image: nginx, port: 80}", "image"),
        ('{predictor: "gone.py:X"}', 'there is no predictor "gone.py:X"'),
        ('{predictor: "app.py:Times", model: gone}', "gone"),
    ],
)
def test_what_is_known_beforehand_is_told_before_anything_starts(
    serving: Works, keys: str, says: str
) -> None:
    text = f"steps: {{a: {{command: echo hello}}, b: {{service: {keys}}}}}"
    said = serving.call("pipeline", "run", serving.pipeline(text))
    assert said.code == 2 and says in said.err and "b" in said.err.split("\n")[0], said
    assert json.loads(serving.call("pipeline", "list", "-o", "json").out) == {"pipelines": []}


def test_a_service_of_somebody_elses_is_left_alone(serving: Works, service: Kept) -> None:
    (serving.work / "model").write_text("2")
    deployed = service.deploy("app.py:Times", "--model", "model")
    assert deployed.code == 0, deployed
    said = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert said.code == 2, said
    assert "was deployed by hand" in said.err and "train" not in said.out
    assert service.predict(7)[0] == 14


def test_a_driver_that_is_killed_spares_the_service(serving: Works, service: Kept) -> None:
    slow = TIMES + "  slow: {command: [sh, -c, 'echo up; exec sleep 600'], needs: [serve]}\n"
    command = serving.start("pipeline", "run", serving.pipeline(slow))
    command.until_said("[slow] up")
    before = service.keepers()
    processes.kill(serving.the("driving"))
    until(lambda: command.out.count("[slow] up") == 2, "the next driver")
    assert service.keepers() == before and processes.alive(before[0])
    command.end()


def test_one_that_is_stopped_on_its_way_goes_back_to_what_it_was(
    serving: Works, service: Kept
) -> None:
    text = TIMES.replace("wait: 30s", "wait: 30s, grace: 1s")
    assert serving.call("pipeline", "run", serving.pipeline(text)).code == 0
    never = PREDICTOR.replace("self.by =", "__import__('time').sleep(600); self.by =")
    (serving.work / "app.py").write_text(never)
    run = serving.call("pipeline", "run", "--detach", serving.pipeline(text)).out.strip()
    until(lambda: service.status()["version"] == 2, "the new version to begin")
    assert serving.call("pipeline", "stop", run).code == 0
    assert serving.call("pipeline", "wait", run).code == 1
    assert service.predict(7)[0] == 21
    assert service.status()["versions"][-1]["changed"].startswith("undone, back to version 1")
