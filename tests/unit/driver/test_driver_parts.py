"""The objects of one attempt on a cluster, from what was compiled for all of its step."""

from __future__ import annotations

import base64
import json
from typing import Any

from rankzero.driver.cluster import parts, words
from rankzero.driver.engine import Start
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Step, graph

RUN = "digits-7f3a"
OWNER = {"kind": "Job", "name": "digits-7f3a-driver", "uid": "u"}
SUBMITTED = {"name": "RANKZERO_SUBMITTED", "value": "0.0"}
LOADED = {
    "data": Output("d1", "/rankzero/volumes/outputs/digits-7f3a-1/outputs/data", size=3),
    "note": Output("d2", value='say "hi" to ${nobody}'),
}


def body() -> dict[str, Any]:
    template = words.template(RUN)
    config = {
        "run": template,
        "role": "worker",
        "command": {
            "kind": "command",
            "target": "sh",
            "args": ["-c", "echo ${inputs.note} ${item} ${inputs.data}"],
        },
        "env": {"NOTE": "${inputs.note}", "FIXED": "1"},
        "workdir": "/rankzero/run/work",
        "coordinator": f"{template}-worker-0.{template}:29400",
    }
    labels = {"rankzero/run": template, words.PIPELINE: RUN}
    return {
        "role": "worker",
        "outputs": f"/rankzero/volumes/outputs/{template}/outputs",
        "configs": {"worker": config},
        "manifests": [
            {
                "kind": "Job",
                "metadata": {"name": f"{template}-worker", "labels": labels, "annotations": {}},
                "spec": {"template": {"spec": {"containers": [{"env": [dict(SUBMITTED)]}]}}},
            },
            {"kind": "Service", "metadata": {"name": template, "labels": labels}},
            {"kind": "Secret", "metadata": {"name": template, "labels": labels}},
            {"kind": "ConfigMap", "metadata": {"name": f"{template}-agent", "labels": labels}},
        ],
    }


STEPS = graph(
    [
        Step("load", gives={"data": "path", "note": "value"}),
        Step(
            "each",
            takes={"data": ("load", "data"), "note": ("load", "note")},
            gives={"o": "value"},
            items=("x", "y"),
            body=body(),
        ),
    ]
)


def made(number: int = 12) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    start = Start(Part("each", 1), 2, number, LOADED, "y")
    return parts.objects(RUN, STEPS, start, "secret", OWNER, 5.0)


def config(others: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(others[2]["data"]["worker.json"])
    return found


def test_each_attempt_has_a_run_of_its_own_name() -> None:
    first, others = made()
    assert first["metadata"]["name"] == "digits-7f3a-12-worker"
    assert first["metadata"]["ownerReferences"] == [OWNER]
    assert first["metadata"]["annotations"] == {"rankzero/created": "5.0"}
    (container,) = first["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{**SUBMITTED, "value": "5.0"}]
    names = [one["metadata"]["name"] for one in others]
    assert names == ["digits-7f3a-12", "digits-7f3a-12", "digits-7f3a-12-agent"]
    assert {one["metadata"]["labels"]["rankzero/run"] for one in others} == {"digits-7f3a-12"}
    assert config(others)["coordinator"] == "digits-7f3a-12-worker-0.digits-7f3a-12:29400"
    assert words.template(RUN) not in json.dumps([first, others])


def test_its_texts_are_filled_in_and_nothing_of_theirs_is_filled_again() -> None:
    told = config(made()[1])
    assert told["command"]["args"] == [
        "-c",
        'echo say "hi" to ${nobody} y /rankzero/volumes/outputs/digits-7f3a-1/outputs/data',
    ]
    assert told["env"]["NOTE"] == 'say "hi" to ${nobody}'
    assert told["env"]["FIXED"] == "1"
    assert told["env"]["RANKZERO_ITEM"] == "y"
    assert told["env"]["RANKZERO_INPUTS"] == parts.INPUTS
    assert "RANKZERO_OUTPUTS" not in told["env"], "the agent says it"


def test_the_agent_is_told_what_comes_in_and_what_goes_out() -> None:
    step = config(made()[1])["step"]
    assert step["gives"] == {"o": "value"}
    assert step["folder"] == parts.INPUTS
    assert step["inputs"]["note"] == {"digest": "d2", "value": LOADED["note"].value}
    assert step["inputs"]["data"]["where"] == LOADED["data"].where


def test_the_token_is_in_the_secret_alone() -> None:
    first, others = made()
    assert base64.b64decode(others[1]["data"]["token"]) == b"secret"
    assert "secret" not in json.dumps([first, others[0], others[2]])


def test_what_was_compiled_stays_as_it_was() -> None:
    before = json.dumps(STEPS["each"].body)
    made()
    assert json.dumps(STEPS["each"].body) == before
