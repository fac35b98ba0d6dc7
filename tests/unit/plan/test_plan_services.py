"""What a service becomes on a cluster, pinned by golden files: objects as the API server gets them.

RANKZERO_RENEW_GOLDEN=1 pytest tests/unit/plan && git diff tests/unit/plan
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rankzero.plan.kubernetes import names
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.kubernetes.kinds import KINDS
from rankzero.plan.kubernetes.rights import SERVING, USUAL, Right, rights, to_serve
from rankzero.plan.kubernetes.services import ServicePlan, compile_service, sending
from rankzero.plan.kubernetes.services.objects import labels
from rankzero.plan.kubernetes.standards import RESTRICTED, against
from rankzero.spec.services.making import make
from rankzero.spec.services.model import Sent, Service
from support.golden import as_it_was

GOLDEN = Path(__file__).parent / "golden-services"
CLUSTER = Facts("lab", "team")
CODE = Sent(name="app-code-ab", digest="ab" * 32, parts=2)
PROGRAM = Sent(name="app-server-cd", digest="cd" * 32, parts=1)


def predictor(**more: Any) -> Service:
    options = {"name": "app", "image": "torch:2", "port": "8000", "predictor": "app.py:Predictor"}
    made = make({**options, "ready": "/ready", "live": "/live", **more})
    return made.model_copy(update={"code": CODE, "program": PROGRAM})


CASES: dict[str, Service] = {
    "an-image": make({"name": "web", "image": "web:1", "port": "8080", "replicas": "2"}),
    "everything-said": make(
        {
            "name": "web",
            "image": "web:1",
            "command": ["serve", "--on", "$(HOST)"],
            "port": "8080",
            "autoscale": "1:5",
            "at_cpu": "70%",
            "expose": "NodePort",
            "node_port": "30080",
            "ready": "/ready",
            "live": "/live",
            "drain": "8s",
            "grace": "1m",
            "wait": "2m",
            "cpu": "0.5",
            "memory": "1Gi",
            "gpus": "amd.com/gpu=1",
            "shm": "256Mi",
            "pull": "Always",
            "env": {"A": "1.10", "B": "$(A)"},
            "secrets": {"KEY": "web/key"},
            "env_from": ["more"],
            "volumes": ["data:/data:ro"],
            "node_selector": {"tier": "front"},
            "tolerations": ["front=yes:NoSchedule"],
            "pull_secrets": ["registry"],
            "user": "1234:100",
            "service_account": "web",
            "priority_class": "high",
            "labels": {"team": "vision"},
            "pod": {"containers": [{"name": "server", "tty": True}]},
        }
    ),
    "a-predictor": predictor(
        model="volume:models/digits", token="web/token", server={"workers": 2}
    ),
}


def plan(name: str) -> ServicePlan:
    return compile_service(CASES[name], CLUSTER)


@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_as_they_were(name: str) -> None:
    made, was = as_it_was(GOLDEN / f"{name}.yaml", plan(name).manifests)
    assert was == made


def test_no_golden_file_is_without_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_pods_pass_the_restricted_profile_and_are_nobody_elses(name: str) -> None:
    template = plan(name).manifests[0]["spec"]["template"]

    assert against(RESTRICTED, template["spec"]) == []
    # By these labels runs are found; a service is none.
    assert not template["metadata"]["labels"].keys() & {names.RUN, names.MANAGED_BY}


def test_what_asks_for_more_than_the_profile_is_said() -> None:
    service = make({"name": "w", "image": "w", "port": "1", "pod": {"hostNetwork": True}})

    assert "hostNetwork" in compile_service(service, CLUSTER).notices[0]


@pytest.mark.parametrize("name", CASES)
def test_every_object_can_be_created_with_the_printed_rights(name: str) -> None:
    manifests = plan(name).manifests
    may = rights(to_serve(manifests))
    for one in manifests:
        kind = KINDS[one["kind"]]
        assert Right("create", kind.group, kind.plural) in may
    assert set(may) <= set(rights((*USUAL, *SERVING)))


@pytest.mark.parametrize(
    ("model", "path"),
    [
        (None, None),
        ("volume:models/digits", "/rankzero/volumes/model/digits"),
        ("volume:models", "/rankzero/volumes/model"),
        ("volume:data/a/b", "/data/a/b"),
        ("image:/opt/model", "/opt/model"),
        ("outputs/", "/rankzero/run/model"),
        ("outputs/model.pt", "/rankzero/run/model/model.pt"),
    ],
)
def test_a_predictor_finds_its_model(model: str | None, path: str | None) -> None:
    service = predictor(model=model, volumes=["data:/data"])
    if model and model.startswith("outputs"):
        file = model.removeprefix("outputs/")
        sent = Sent(name="app-model-ef", digest="ef", parts=1, file=file)
        service = service.model_copy(update={"weights": sent})

    assert sending.model(service) == path


def test_what_travels_is_named_by_its_content() -> None:
    cargo = sending.Cargo("code", (b"one", b"two"), "ab" * 32)
    made = list(sending.config_maps("web", labels(CASES["an-image"]), cargo))

    assert [one["metadata"]["name"] for one, _, _ in made] == [
        "web-code-ababababab-0",
        "web-code-ababababab-1",
    ]
    assert [list(one["binaryData"]) for one, _, _ in made] == [["000"], ["001"]]
    assert cargo.sent("web") == Sent(name="web-code-ababababab", digest="ab" * 32, parts=2)
