"""The request for a service: what it may say, and what tells versions apart."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.spec.given import Given
from rankzero.spec.problems import Problem, SpecError
from rankzero.spec.reading import read_text
from rankzero.spec.services.changes import changes
from rankzero.spec.services.making import change, make
from rankzero.spec.services.model import Service

WEB: dict[str, Any] = {"name": "web", "image": "web:1", "port": "8080"}


def web(**more: Any) -> Service:
    return make({**WEB, **more})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"replicas": "-1"}, "--replicas: must be a number of replicas, 0 to 10,000"),
        ({"port": "0"}, "--port: must be a port, 1 to 65535"),
        ({"name": "Web"}, '--name: must be lower-case letters, .* "web" would do'),
        ({"ready": "ready"}, "--ready: must be a path such as /healthz"),
        ({"at_cpu": "170%"}, "--at-cpu: must be a percentage"),
        ({"expose": "nodeport"}, "--expose: must be .*ClusterIP"),
        ({"autoscale": "1:5"}, "--autoscale: is by the processors asked for, and none are"),
        ({"node_port": "30000"}, "--node-port: is only there with NodePort"),
        ({"volumes": ["a:/x", "b:/x"]}, "a and b are both mounted at /x"),
        (
            {"env": {"A": "1"}, "secrets": {"A": "s/k"}},
            "A has a value of its own and one from a Secret",
        ),
        ({"pod": {"containers": [{"name": "server", "$patch": "delete"}]}}, "must leave the"),
        ({"pod": {"restartPolicy": "Never"}}, "a service is kept alive"),
        (
            {"server": {"workers": 2}},
            "--workers: shapes the server of a predictor, and this serves",
        ),
        ({"predictor": "a.py:A", "server": {"max_batch": 0}}, "--max-batch: max-batch is 0"),
        ({"predictor": "a.py:A", "server": {"wrokers": 1}}, 'unknown key "wrokers"'),
        ({"pod": {"containers": 1}}, "--pod: containers: must be a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_option(said: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        web(**said)


def test_what_a_file_says_is_mended_in_the_file() -> None:
    text = "autoscale: 1:5\nnode_port: 31000\nname: web\nimage: web:1\n"
    problems: list[Problem] = []
    file = read_text(text, "web.yaml", problems)

    with pytest.raises(SpecError) as raised:
        make({}, file=file)
    assert [str(one) for one in raised.value.problems] == [
        "web.yaml: port: is missing",
        "web.yaml:1: autoscale: is by the processors asked for, and none are; say how many: "
        "`cpu: 1`",
        "web.yaml:2: node_port: is only there with NodePort: `expose: NodePort`",
    ]


def test_an_option_beside_a_file_is_mended_as_an_option() -> None:
    file = read_text("name: web\nimage: web:1\nport: 80\n", "web.yaml", [])

    with pytest.raises(SpecError, match=r"--autoscale: .*: --cpu 1"):
        make({"autoscale": "1:5"}, file=file)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SpecError) as raised:
        make({"port": "x", "replicas": "y"})

    said = str(raised.value)
    assert "4 problems" in said and "--image: is missing" in said and "--name: is missing" in said


def test_a_file_is_weaker_than_options_and_defaults_are_weaker_than_both() -> None:
    file = Given({"image": Given("file:1", text="file:1"), "port": Given(1, text="1")})
    beneath = Given(
        {
            "image": Given("any:1", text="any:1"),
            "user": Given(7, text="7"),
            "framework": Given("torch", text="torch"),
        }
    )
    made = make({"name": "web", "port": "2"}, file=file, defaults=beneath)

    assert (made.image, made.port, made.user) == ("file:1", 2, 7)


def test_a_change_says_anew_what_it_says_and_nothing_else() -> None:
    before = web(env={"A": "1", "OLD": "1"}, volumes=["data:/data"], labels={"team": "a"})
    after = change(
        before,
        {"env": {"A": "2"}, "volumes": ["more:/more"], "memory": "1Gi", "labels": {"tier": "b"}},
        without=("OLD",),
    )

    assert after.env == {"A": "2"} and set(after.volumes) == {"data", "more"}
    assert after.labels == {"team": "a", "tier": "b"}
    assert (after.image, after.memory) == ("web:1", "1Gi")


def test_a_variable_moves_between_values_and_secrets() -> None:
    hidden = change(web(env={"KEY": "1"}), {"secrets": {"KEY": "s/k"}})
    shown = change(hidden, {"env": {"KEY": "2"}})

    assert (hidden.env, list(hidden.secrets)) == ({}, ["KEY"])
    assert (shown.env, shown.secrets) == ({"KEY": "2"}, {})


def test_what_was_asked_for_is_read_back_as_it_was() -> None:
    made = web(env={"A": "1.10"}, gpus="amd.com/gpu=2", tolerations=["a:NoSchedule"], cpu="500m")

    assert Service.model_validate_json(made.model_dump_json(exclude_none=True)) == made
    assert change(made, {}) == made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image": "web:2"}, ("image web:1 -> web:2",)),
        ({"env": {"A": "2"}}, ("env A",)),
        ({"command": ["serve", "it"]}, ("command serve it",)),
        ({"memory": "1Gi", "drain": "1s"}, ("drain 5.0 -> 1.0", "memory 1Gi")),
        ({"replicas": "9", "wait": "1m"}, ()),
    ],
)
def test_what_changed_is_said_in_a_few_words(
    options: dict[str, Any], said: tuple[str, ...]
) -> None:
    before = web(env={"A": "1"})

    assert changes(before.to_json(), change(before, options).to_json()) == said


def test_no_value_of_a_variable_is_told() -> None:
    before, after = web(env={"A": "old"}), web(env={"B": "secret"})

    assert changes(before.to_json(), after.to_json()) == ("env B", "no env A")
