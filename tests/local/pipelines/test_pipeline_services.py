"""Services that pipelines leave running on this machine."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from support import processes
from support.pipelines import Works
from support.waiting import until

PREDICTOR = """
from rankzero.serving import Json


class Times:
    input = output = Json({"type": "number"})

    def load(self, path):
        self.by = int(open(path).read())

    def predict(self, batch):
        return [self.by * one for one in batch]
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
def serving(home: Works) -> Iterator[Works]:
    """Whose services are deleted at the end, by their own command."""
    (home.work / "app.py").write_text(PREDICTOR)
    yield home
    listed = json.loads(home.call("serve", "list", "--on", "local", "-o", "json").out)
    for one in listed["services"]:
        said = home.call("serve", "delete", one["service"], "--on", "local")
        assert said.code == 0, said


def address(home: Works) -> str:
    status = home.status()
    step = next(one for one in status["steps"] if one["step"] == "serve")
    return str(step["outputs"]["address"]["value"])


def asked(home: Works) -> object:
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(address(home) + "/predict", b"7", head)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["output"]


def keeper(home: Works) -> int:
    state = home.state / "rankzero" / "services" / "times-serve" / "state.json"
    return int(json.loads(state.read_text())["pid"])


def test_a_service_goes_on_when_its_pipeline_is_over(serving: Works) -> None:
    said = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert said.code == 0, said
    assert f"[after] at {address(serving)}" in said.out
    assert asked(serving) == 21
    first = keeper(serving)

    # Nothing is new, so nobody is restarted; and a step that asks a service is asked again.
    again = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert again.code == 0, again
    assert "train cached" in again.err and f"[after] at {address(serving)}" in again.out
    assert keeper(serving) == first

    other = serving.call("pipeline", "run", serving.pipeline(TIMES), "--set", "by=5")
    assert other.code == 0, other
    assert asked(serving) == 35 and keeper(serving) != first

    # Its model is an artifact, which is kept as long as it is served.
    assert serving.call("pipeline", "delete", "--all").code == 0
    processes.kill(keeper(serving))
    assert serving.call("serve", "update", "times-serve", "--on", "local").code == 0
    assert asked_at(serving, "times-serve") == 35


def asked_at(home: Works, name: str) -> object:
    listed = json.loads(home.call("serve", "status", name, "--on", "local", "-o", "json").out)
    head = {"Content-Type": "application/json"}
    url = listed["reach"]["urls"][0]
    with urllib.request.urlopen(urllib.request.Request(f"{url}/predict", b"7", head)) as answer:
        return json.loads(answer.read())["output"]


def test_one_that_cannot_serve_goes_back_to_what_it_was(serving: Works) -> None:
    assert serving.call("pipeline", "run", serving.pipeline(TIMES)).code == 0
    broken = PREDICTOR.replace("self.by =", "raise ValueError('no weights'); self.by =")
    (serving.work / "app.py").write_text(broken)
    said = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert said.code == 1, said
    assert "ValueError: no weights" in said.err and "the version before serves again" in said.err
    assert asked_at(serving, "times-serve") == 21


@pytest.mark.parametrize(
    ("service", "says"),
    [
        ('{predictor: "app.py:None"}', "app.py has no class None"),
        ("{image: nginx, port: 80}", "image"),
        ('{predictor: "gone.py:X"}', 'there is no predictor "gone.py:X"'),
    ],
)
def test_what_is_known_beforehand_is_told_before_anything_starts(
    serving: Works, service: str, says: str
) -> None:
    text = f"steps: {{a: {{command: echo hello}}, b: {{service: {service}, needs: [a]}}}}"
    said = serving.call("pipeline", "run", serving.pipeline(text))
    assert said.code == 2 and says in said.err, said
    assert json.loads(serving.call("pipeline", "list", "-o", "json").out) == {"pipelines": []}


def test_a_service_of_somebody_elses_is_left_alone(serving: Works) -> None:
    (serving.work / "model").write_text("2")
    name = ("--name", "times-serve")
    deployed = serving.call(
        "serve", "deploy", "app.py:Times", "--model", "model", *name, "--on", "local"
    )
    assert deployed.code == 0, deployed
    said = serving.call("pipeline", "run", serving.pipeline(TIMES))
    assert said.code == 2, said
    assert "was deployed by hand" in said.err and "train" not in said.out
    assert asked_at(serving, "times-serve") == 14


def test_a_driver_that_is_killed_spares_the_service(serving: Works) -> None:
    slow = TIMES + "  slow: {command: [sh, -c, 'echo up; exec sleep 600'], needs: [serve]}\n"
    command = serving.start("pipeline", "run", serving.pipeline(slow))
    command.until_said("[slow] up")
    before = keeper(serving)
    processes.kill(serving.the("driving"))
    until(lambda: command.out.count("[slow] up") == 2, "the next driver")
    assert keeper(serving) == before and processes.alive(before)
    command.end()
