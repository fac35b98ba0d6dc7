"""Services as steps of pipelines: what a file may say of them, and what a driver is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.server import CONFIG
from rankzero.driver.cluster import deployments, filling
from rankzero.driver.engine import Start
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Graph, Step, graph
from rankzero.errors import BadRequest
from rankzero.pipelines.cluster import serving
from rankzero.pipelines.compiling import compiled
from rankzero.plan.kubernetes.facts import Facts
from rankzero.spec import SpecError
from rankzero.spec.pipelines.coherence import cached, unused
from rankzero.spec.pipelines.making import build_pipeline, load_pipeline
from rankzero.spec.pipelines.model import Pipeline

DIGITS = """
params: {workers: 2, tag: one}
env: {LEVEL: "${tag}"}
steps:
  train: {command: python train.py, outputs: {model: path, classes: value}}
  serve:
    service:
      predictor: app.py:Digits
      model: ${inputs.model}
      image: registry.test/team/torch:2
      env: {CLASSES: "${inputs.classes}", PRICE: "$${HOME}", WHERE: "${inputs.model}/a"}
      server: {workers: "${workers}"}
    inputs: [train.model, train.classes]
  ask: {command: "curl ${inputs.address}", inputs: [serve.address]}
"""
PREDICTOR = "class Digits:\n    def predict(self, batch):\n        return batch\n"
FACTS = Facts("lab", "team")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app.py").write_text(PREDICTOR)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RANKZERO_IMAGE", raising=False)


def load(text: str = DIGITS) -> Pipeline:
    Path("digits.yaml").write_text(text)
    return load_pipeline("digits.yaml")


def faults(**serve: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        build_pipeline(
            {
                "steps": {
                    "each": {"command": "x", "for_each": [1, 2], "outputs": ["m"]},
                    "serve": {"service": {"command": "x", "port": 80}, **serve},
                }
            }
        )
    return [str(problem) for problem in caught.value.problems]


def test_a_service_is_a_step_with_the_keys_of_a_service_file() -> None:
    pipeline = load()
    step = pipeline.steps["serve"]
    assert step.service is not None
    assert [name for name in pipeline.steps if cached(pipeline, name)] == ["train"]
    assert step.outputs == {"address": "value"}
    assert step.service["name"] == "digits-serve"
    assert step.service["model"] == "${inputs.model}"
    env = {"CLASSES": "${inputs.classes}", "PRICE": "$${HOME}", "WHERE": "${inputs.model}/a"}
    assert step.service["env"] == env
    assert step.service["server"] == {"workers": 2}
    assert unused(pipeline) == []


def test_its_keys_may_be_a_file_of_their_own() -> None:
    Path("web.yaml").write_text("name: web\nport: 80\ncommand: [serve, '${inputs.model}']\n")
    text = "steps: {a: {command: x, outputs: [model]}, b: {service: web.yaml, inputs: [a.model]}}"
    said = load(text).steps["b"].service
    assert said is not None and said["command"] == ["serve", "${inputs.model}"]
    short = load("steps: {a: {service: 'app.py:Digits'}}").steps["a"].service
    assert short is not None and short["predictor"] == "app.py:Digits"


@pytest.mark.parametrize(
    ("serve", "message"),
    [
        ({"outputs": ["x"]}, "a service hands on its `address`, and nothing else"),
        ({"for_each": [1]}, "a service is one; its `replicas` are how many pods it has"),
        ({"cache": True}, "a service is looked after each time"),
        ({"code": ["a"]}, "a service is looked after each time"),
        ({"command": "x"}, "must say one of `command`, `job` and `service`"),
        ({"service": {"port": 80}}, "must say what is served: `predictor`, `command` or `image`"),
        ({"service": {"image": "x", "port": 0}}, "must be a port, 1 to 65535"),
        ({"service": {"image": "x", "prot": 80}}, 'unknown key; did you mean "port"?'),
        ({"service": ["x"]}, "must be the keys of a service, or a file of them"),
        ({"service": "no.yaml"}, "there is no such file"),
        ({"inputs": {"m": "each.m"}}, "`each.m` is a list of paths; a service takes single ones"),
        (
            {"service": {"image": "${inputs.m}", "port": 80}, "inputs": {"m": "each.m"}},
            "is needed beforehand; only `model`, `command` and `env` may name what comes",
        ),
    ],
)
def test_what_is_wrong_is_told(serve: dict[str, Any], message: str) -> None:
    assert any(message in one for one in faults(**serve)), faults(**serve)


def test_two_services_need_two_names() -> None:
    one = {"service": {"name": "web", "image": "x", "port": 80}}
    with pytest.raises(SpecError, match="is called as the service of a; give it another `name`"):
        build_pipeline({"steps": {"a": one, "b": one}})


def test_on_one_machine_it_is_what_its_step_says() -> None:
    steps = compiled(load(), None, "python")
    body = steps["serve"].body
    assert body["pipeline"] == "digits" and steps["serve"].key == ""
    assert body["service"]["env"]["LEVEL"] == "one"


def started(pipeline: Pipeline, classes: str = "[1]") -> tuple[Graph, Start]:
    """On a cluster, with what it takes."""
    body = serving.compiled("serve", pipeline, FACTS, "digits-7f3a", "shared").body
    gives = {"model": "path", "classes": "value"}
    takes = {name: ("train", name) for name in gives}
    steps = graph([Step("train", gives=gives), Step("serve", takes=takes, body=body)])
    inputs = {
        "model": Output("d", "/rankzero/volumes/outputs/digits-7f3a-1/outputs/model"),
        "classes": Output("e", value=classes),
    }
    return steps, Start(Part("serve"), 1, 2, inputs)


def container(manifest: dict[str, Any]) -> dict[str, Any]:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_on_a_cluster_it_finds_its_model_on_the_volume_of_outputs() -> None:
    deployment, *_ = filling.manifests(*started(load()))
    server = container(deployment)
    env = {one["name"]: one.get("value") for one in server["env"]}
    settings = json.loads(env[CONFIG])["settings"]
    assert settings["model"] == "/handed-on/digits-7f3a-1/outputs/model"
    assert settings["workers"] == 2 and settings["port"] == 8000
    assert env["PRICE"] == "${HOME}" and env["LEVEL"] == "one"
    assert env["WHERE"] == "/handed-on/digits-7f3a-1/outputs/model/a"
    asked = filling.request(*started(load()))
    assert asked["model"] == "volume:handed-on/digits-7f3a-1/outputs/model"
    mounts = {one["mountPath"]: one for one in server["volumeMounts"]}
    assert mounts["/handed-on"]["readOnly"]
    claims = [
        one.get("persistentVolumeClaim")
        for one in deployment["spec"]["template"]["spec"]["volumes"]
    ]
    assert {"claimName": "shared"} in claims


def test_what_a_step_handed_on_is_told_as_it_is() -> None:
    nasty = 'say "hi" to $(HOME) and ${LEVEL}'
    steps, start = started(load(), nasty)
    deployment, *_ = filling.manifests(steps, start)
    env = {one["name"]: one.get("value") for one in container(deployment)["env"]}
    assert env["CLASSES"] == nasty.replace("$(", "$$("), "Kubernetes makes $( of $$("
    assert filling.request(steps, start)["env"]["CLASSES"] == nasty


def test_what_was_compiled_stays_as_it_was() -> None:
    steps, start = started(load())
    before = json.dumps(steps["serve"].body)
    filling.manifests(steps, start)
    assert json.dumps(steps["serve"].body) == before


def test_its_code_travels_under_the_name_of_its_content() -> None:
    served = serving.compiled("serve", load(), FACTS, "digits-7f3a", "shared")
    again = serving.compiled("serve", load(), FACTS, "digits-0000", "shared")
    assert served.body["service"]["carried"] == again.body["service"]["carried"]
    assert {one["kind"] for one in served.carried} == {"ConfigMap"}
    assert served.body["service"]["address"] == "http://digits-serve.team:8000"


def test_files_need_a_volume_that_all_can_mount() -> None:
    with pytest.raises(BadRequest, match="takes files, and on a cluster"):
        serving.compiled("serve", load(), FACTS, "digits-7f3a", None)


def test_a_volume_of_its_own_is_not_called_as_the_one_with_those_files() -> None:
    own = "      volumes: {handed-on: {claim: mine, path: /data}}\n"
    text = DIGITS.replace("      server:", own + "      server:")
    with pytest.raises(SpecError, match=r"steps.serve.service.volumes.handed-on: .* rename it"):
        serving.compiled("serve", load(text), FACTS, "digits-7f3a", "shared")


def test_a_cluster_needs_an_image_and_a_port() -> None:
    pipeline = load("steps: {a: {service: {command: x}}}")
    with pytest.raises(SpecError) as caught:
        serving.compiled("a", pipeline, FACTS, "digits-7f3a", None)
    said = str(caught.value)
    assert "steps.a.service.image: is missing" in said and "port: is missing" in said


def replica_set(number: int, **more: Any) -> dict[str, Any]:
    labels = {"rankzero/service": "web", deployments.HASH: f"hash{number}"}
    notes = {deployments.REVISION: str(number), deployments.CHANGED: f"change {number}"}
    return {
        "metadata": {"name": f"web-{number}", "annotations": notes},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"n": number}}},
        **more,
    }


def test_what_is_gone_back_to_is_the_version_before() -> None:
    sets = [replica_set(number) for number in (1, 2, 3)]
    now = {"metadata": {"resourceVersion": "9"}}
    before = deployments.before(sets, "change 3")
    assert before is not None and deployments.revision(before) == 2
    template = deployments.template_of(before)
    assert template["metadata"]["labels"] == {"rankzero/service": "web"}
    assert deployments.HASH in before["spec"]["template"]["metadata"]["labels"]
    assert deployments.before([sets[2]], "change 3") is None
    first, *_ = deployments.putting(now, template, {"a/b": "c"})
    assert first == {"op": "test", "path": "/metadata/resourceVersion", "value": "9"}


@pytest.mark.parametrize(
    ("status", "done"),
    [
        (
            {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
            True,
        ),
        (
            {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
            False,
        ),
        (
            {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3},
            False,
        ),
        (
            {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1},
            False,
        ),
        ({}, False),
    ],
)
def test_it_serves_when_all_pods_of_its_newest_version_do(
    status: dict[str, int], done: bool
) -> None:
    made = {"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": status}
    assert deployments.done(made) is done


def pod(ready: bool, restarts: int = 0, **state: Any) -> dict[str, Any]:
    container = {"ready": ready, "restartCount": restarts, "state": {}, **state}
    return {"metadata": {}, "status": {"containerStatuses": [container]}}


RAISED = {"terminated": {"message": 'Traceback\n  File "app.py"\nValueError: no\n'}}
LACKS = {"terminated": {"message": '{"kind": "no-model", "message": "there is no a in volume b"}'}}
PULLS = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}


@pytest.mark.parametrize(
    ("pods", "hopeless", "words"),
    [
        ([pod(True, 9)], False, ""),
        ([pod(True), pod(False, 3, lastState=RAISED)], True, "ValueError: no"),
        ([pod(False, 2, lastState=RAISED)], False, "ValueError: no"),
        ([pod(False, 1, lastState=LACKS)], True, "there is no a in volume b"),
        ([pod(False, state=PULLS)], False, "not found"),
        (
            [pod(False, state={"waiting": {"reason": "ContainerCreating"}})],
            False,
            "ContainerCreating",
        ),
        ([{"metadata": {}, "status": {}}], False, ""),
    ],
)
def test_what_pods_say_of_not_being_ready(
    pods: list[dict[str, Any]], hopeless: bool, words: str
) -> None:
    assert deployments.hopeless(pods) is hopeless
    assert deployments.last_words(pods) == words


def test_what_was_taken_back_is_not_gone_back_to() -> None:
    sets = [replica_set(number) for number in (1, 3, 4)]
    notes = sets[2]["metadata"]["annotations"]
    notes[deployments.CHANGED] = "undone, back to version 2: ends again and again"
    assert deployments.taken_back(sets) == {3}
    before = deployments.before(sets, str(notes[deployments.CHANGED]))
    assert before is not None and deployments.revision(before) == 1
    # By hand it is another matter: nothing was wrong with that one.
    notes[deployments.CHANGED] = "undone, back to version 2"
    assert deployments.taken_back(sets) == set()
