"""A service as a process of this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from rankzero.errors import BadRequest, Refused
from rankzero.plan import local_service
from rankzero.plan.local import Facts
from rankzero.plan.local_service import Ground, LocalServicePlan
from rankzero.spec.services.making import make
from rankzero.spec.services.model import Service

MACHINE = Facts(4, ("0", "1"), "/venv/python", volumes={"models": "/state/volumes/models/data"})
GROUND = Ground(PurePath("/state/services/app"), PurePath("/code"), "/venv/python", 8000)


def service(**said: Any) -> Service:
    return make({"name": "app", **said}, needed=())


def predictor(**said: Any) -> Service:
    return service(predictor="app.py:P", **said)


def notices(asked: Service, **how: Any) -> list[str]:
    return list(local_service.notices(asked, MACHINE, **how))


def test_a_command_runs_where_it_was_said_and_finds_its_port() -> None:
    made = local_service.process(service(command=["serve", "x"], env={"A": "1"}), MACHINE, GROUND)
    assert (made.argv, made.workdir, made.settings) == (("serve", "x"), "/code", None)
    assert made.env == {"A": "1", "PORT": "8000"}
    assert made.grace == 30


def test_a_predictor_runs_under_a_model_server_on_loopback() -> None:
    asked = predictor(model="/m", server={"workers": 2}, grace="5s", env={"A": "1"})
    made = local_service.process(asked, MACHINE, GROUND)
    assert made.argv[0] == "/venv/python"
    assert made.argv[-1] == "/state/services/app/serve.json"
    assert made.settings == {
        "predictor": "app.py:P",
        "model": "/m",
        "port": 8000,
        "workers": 2,
        "grace": 5.0,
        "token_file": None,
    }
    assert made.env == {"A": "1"}
    assert made.grace > 5, "its server ends it by itself before"


def test_an_interpreter_and_a_token_are_as_they_were_said() -> None:
    made = local_service.process(
        predictor(), MACHINE, replace(GROUND, token=PurePath("/t"), python="p")
    )
    assert made.argv[0] == "p"
    assert made.settings is not None
    assert made.settings["token_file"] == "/t"


def test_volumes_and_gpus_have_their_meaning() -> None:
    mounted = {"data": {"claim": "models", "path": "/data"}}
    asked = predictor(volumes=mounted, model="volume:data/digits", gpus=1)
    made = local_service.process(asked, MACHINE, GROUND)
    assert made.settings is not None
    assert made.settings["model"] == "/state/volumes/models/data/digits"
    assert made.env["RANKZERO_VOLUME_DATA"] == "/state/volumes/models/data"
    assert made.env["CUDA_VISIBLE_DEVICES"] == "0"
    assert notices(asked) == [
        "volume data: /state/volumes/models/data, which it finds in RANKZERO_VOLUME_DATA; nothing "
        "is mounted here"
    ]


@pytest.mark.parametrize(
    ("said", "notice"),
    [
        ({}, []),
        (
            {"image": "x", "port": 80, "memory": "1Gi", "expose": "NodePort"},
            ["ignored on one machine: expose, image, memory"],
        ),
        (
            {"volumes": {"a": {"claim": "gone", "path": "/a"}}},
            ["ignored on one machine: volumes"],
        ),
        (
            {"replicas": 2},
            ["replicas: one process has the port on one machine; it has workers: --workers"],
        ),
        (
            {"secrets": {"KEY": "s/k"}},
            ["no Secrets on one machine: KEY are as your environment has them"],
        ),
        (
            {"token": "s/k"},
            [
                "no Secrets on one machine: without a token in RANKZERO_SERVE_TOKEN, whoever is on "
                "this machine may use it"
            ],
        ),
    ],
)
def test_what_only_a_cluster_has_is_noted(said: dict[str, Any], notice: list[str]) -> None:
    assert notices(predictor(**said)) == notice


def test_a_token_that_is_there_needs_no_word() -> None:
    assert notices(predictor(token="s/k"), token=True) == []


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        ({"image": "x"}, BadRequest, "app has an image alone, and none runs here"),
        ({}, BadRequest, "app says nothing to run"),
        ({"predictor": "a.py:P", "model": "image:/m"}, BadRequest, "lies in an image"),
        ({"predictor": "a.py:P", "model": "volume:gone"}, BadRequest, "there is no volume gone"),
        ({"command": ["x"], "gpus": 3}, Refused, "asks for 3 GPUs, this machine has 2"),
    ],
)
def test_what_cannot_be_served_here_says_so(
    said: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        local_service.check(service(**said), MACHINE)


def test_a_plan_tells_what_would_run() -> None:
    asked = predictor(server={"workers": 2})
    made = local_service.process(asked, MACHINE, GROUND)
    plan = LocalServicePlan(asked, made, 8000, "/work", "/venv/python", notices=("n",))
    assert plan.summary() == ("app.py:P, 2 workers", "port 8000", "local")
    told = plan.to_json()
    assert (told["where"], told["notices"], told["manifests"]) == ("local", ["n"], [])
    assert told["process"] == plan.documents()[0]
    assert told["process"]["settings"]["workers"] == 2
