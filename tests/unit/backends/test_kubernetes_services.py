"""A service as the API's objects tell it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.unpack import MOST_BYTES
from rankzero.backends.kubernetes.services import reading, sending
from rankzero.driver.cluster.deployments import outlived
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import names
from rankzero.why.seen import Seen

BORN = "2026-01-01T00:00:00Z"
TEMPLATE = {
    "spec": {
        "containers": [{"name": "server", "image": "web:2", "ports": [{"containerPort": 8080}]}]
    }
}


def deployment(**status: Any) -> dict[str, Any]:
    whole = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
    notes = {names.REVISION: "2", names.UPDATED: "5.0", names.REQUEST: '{"labels": {"a": "b"}}'}
    meta = {"name": "web", "generation": 3, "creationTimestamp": BORN, "annotations": notes}
    spec = {"replicas": 2, "template": TEMPLATE}
    return {"metadata": meta, "spec": spec, "status": {**whole, "availableReplicas": 2, **status}}


def version(number: int, **request: Any) -> dict[str, Any]:
    notes = {names.REVISION: str(number), names.CHANGED: f"change {number}"}
    notes[names.REQUEST] = json.dumps(request)
    meta = {"name": f"web-{number}", "creationTimestamp": BORN, "annotations": notes}
    return {"metadata": meta, "spec": {"replicas": 2, "template": TEMPLATE}}


def pod(name: str, ready: bool = True, **meta: Any) -> dict[str, Any]:
    running = {"name": "server", "state": {"running": {"startedAt": BORN}}, "restartCount": 1}
    conditions = [{"type": "Ready", "status": str(ready)}]
    status = {"phase": "Running", "conditions": conditions, "containerStatuses": [running]}
    head = {"name": name, "creationTimestamp": BORN, **meta}
    return {"metadata": head, "spec": {"nodeName": "n"}, "status": {**status, "hostIP": "1.2.3.4"}}


def service(made: dict[str, Any], *pods: dict[str, Any]) -> Any:
    things = reading.Things(made, [version(2), version(1)], pods, {}, Seen())
    return reading.service(things, "lab/team")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "ready"),
        ({"observedGeneration": 2}, "starting"),
        ({"availableReplicas": 1, "replicas": 3}, "updating"),
        ({"availableReplicas": 1}, "starting"),
        (
            {
                "availableReplicas": 1,
                "conditions": [{"type": "Progressing", "reason": "NewReplicaSetAvailable"}],
            },
            "degraded",
        ),
        (
            {
                "availableReplicas": 1,
                "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}],
            },
            "stuck",
        ),
    ],
)
def test_its_state_is_one_word(status: dict[str, Any], state: str) -> None:
    assert service(deployment(**status)).state == state


def test_a_service_without_pods_that_wants_none_is_idle() -> None:
    made = deployment(replicas=0, updatedReplicas=0, availableReplicas=0)
    made["spec"]["replicas"] = 0

    assert service(made).state == "idle"


def test_pods_belong_to_versions_and_missing_ones_have_a_place() -> None:
    leaving = pod("web-2-c", deletionTimestamp=BORN)
    found = service(deployment(), pod("web-1-a"), pod("web-2-b"), leaving)

    assert [(one.pod, one.version, one.ready) for one in found.instances] == [
        ("web-1-a", 1, True),
        ("web-2-b", 2, True),
        ("web-2-c", 2, False),
    ]
    assert [one.node for one in found.standing.places] == ["web-2-b", "web-2/2"]
    assert [(one.number, one.current, one.changed) for one in found.versions] == [
        (1, False, "change 1"),
        (2, True, "change 2"),
    ]
    assert found.labels == {"a": "b"} and found.port == 8080 and found.instances[0].restarts == 1


def test_no_version_serves_that_the_cluster_has_not_read_yet() -> None:
    found = service(deployment(observedGeneration=2), pod("web-2-b"))

    assert found.version == 0 and not found.done
    assert [one.text for one in found.standing.places] == ["is not there yet"] * 2


def test_each_way_to_it_is_an_address() -> None:
    instances = service(deployment(), pod("web-2-b"), pod("web-2-c")).instances
    meta = {"name": "web", "namespace": "team"}
    port = {"port": 80, "nodePort": 30080}
    spec = {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "ports": [port]}
    status = {"loadBalancer": {"ingress": [{"ip": "8.8.4.4"}]}}
    found = reading.reach({"metadata": meta, "spec": spec, "status": status}, instances)

    assert found.urls == ["http://8.8.4.4:80", "http://1.2.3.4:30080", "http://web.team:80"]


def test_endpoints_say_who_answers_and_who_drains() -> None:
    ends = [
        {
            "addresses": ["10.1.0.2"],
            "conditions": {"ready": False, "serving": True},
            "targetRef": {"name": "web-1-a"},
        },
        {
            "addresses": ["10.1.0.1"],
            "conditions": {"ready": True, "serving": True},
            "nodeName": "n",
            "targetRef": {"name": "web-0-a"},
        },
    ]
    found = reading.endpoints([{"ports": [{"port": 8080}], "endpoints": ends}])

    assert [(one.address, one.pod, one.ready, one.serving) for one in found] == [
        ("10.1.0.1", "web-0-a", True, True),
        ("10.1.0.2", "web-1-a", False, True),
    ]


def scaler(message: str = "", reason: str = "FailedGetResourceMetric") -> dict[str, Any]:
    bad = {"type": "ScalingActive", "status": "False", "reason": reason, "message": message}
    target = {"type": "Utilization", "averageUtilization": 70}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    load = {"type": "Resource", "resource": {"current": {"averageUtilization": 12}}}
    status = {"conditions": [bad]} if message else {"currentMetrics": [load]}
    spec = {"minReplicas": 1, "maxReplicas": 5, "metrics": metrics}
    return {"metadata": {"name": "web"}, "spec": spec, "status": status}


def test_how_it_is_scaled_is_told_with_its_load() -> None:
    found = reading.scaling(scaler(), "web")

    assert (found.minimum, found.maximum, found.target, found.at) == (1, 5, 70, 12)
    assert found.trouble is None


_GET = "the HPA was unable to compute the replica count: failed to get cpu utilization: "
_FETCH = _GET + "unable to get metrics for resource cpu: "
_API = _FETCH + "unable to fetch metrics from resource metrics API: the server "


@pytest.mark.parametrize(
    ("message", "cause", "text"),
    [
        (
            f"{_API}could not find the requested resource (get pods.metrics.k8s.io)",
            "no-metrics",
            "the cluster has no metrics-server",
        ),
        (
            f"{_API}is currently unable to handle the request (get pods.metrics.k8s.io)",
            "metrics-silent",
            "metrics-server does not answer",
        ),
        (f"{_FETCH}no metrics returned from resource metrics API", "metrics-not-yet", "not known"),
        (
            f"{_GET}did not receive metrics for targeted pods (pods might be unready)",
            "metrics-not-yet",
            "is not known yet",
        ),
        ("something else", "not-scaling", "something else"),
    ],
)
def test_why_it_does_not_scale_is_told(message: str, cause: str, text: str) -> None:
    found = reading.scaling(scaler(message), "web").trouble

    assert found is not None and found.cause == cause and text in found.text


def test_a_service_that_was_scaled_to_nothing_is_not_in_trouble() -> None:
    assert reading.scaling(scaler("scaling is disabled", "ScalingDisabled"), "web").trouble is None


def test_what_only_versions_had_that_go_now_goes_with_them() -> None:
    def sent(name: str) -> dict[str, Any]:
        return {"code": {"name": name, "digest": "", "parts": 1}}

    sets = [version(number, **sent(f"code-{number}")) for number in range(1, 13)]
    sets[0] = version(1, **sent("code-12"))  # a version that was come back to later

    assert outlived(sets, deployment()) == ["code-2-0"]


def test_a_version_that_is_gone_back_to_takes_nobody_s_place() -> None:
    def asked(name: str) -> dict[str, Any]:
        return {"code": {"name": name, "digest": "", "parts": 1}}

    sets = [version(number, **asked(f"code-{number}")) for number in range(1, 12)]
    made = deployment()
    made["metadata"]["annotations"][names.REQUEST] = json.dumps(asked("code-3"))

    assert outlived(sets, made) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Mood: pass\n", "app.py has no class Mod; nothing was deployed. It has: Mood."),
        ("x = 1\n", "app.py has no class Mod; nothing was deployed."),
        ("class Mod:\n  def\n", "app.py:2: invalid syntax; nothing was deployed."),
        ("class Mod: pass\n", None),
        ("from other import Mod\n", None),
        ("from other import *\n", None),
        ("Mod = make()\n", None),
    ],
)
def test_a_predictor_that_no_pod_could_find_is_told_at_once(
    text: str, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(text)
    if said is None:
        assert sending.code("app.py:Mod", Path.cwd()).parts
        return
    with pytest.raises(BadRequest) as caught:
        sending.code("app.py:Mod", Path.cwd())
    assert caught.value.args[0] == said


def test_code_that_is_too_large_is_told_that_a_registry_is_for_runs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("class Mod: pass\n")
    with (tmp_path / "data.bin").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(Refused, match=r"too large to travel.*data\.bin") as told:
        sending.code("app.py:Mod", tmp_path)
    assert "only the code of runs and pipelines" in str(told.value.hint)
    assert "rankzero image build" in str(told.value.hint)
