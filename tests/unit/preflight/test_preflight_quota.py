"""A request against quotas."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.preflight import dry_run, quota
from rankzero.backends.kubernetes.preflight.model import Request, Verdict

from .given import NAMESPACE, job, judged, listed, made, pods, refused, request, texts


def quota_of(
    hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    status = {"hard": hard, "used": used or {}}
    return {"metadata": {"name": "small"}, "spec": {"hard": hard, **spec}, "status": status}


def verdict(wanted: Request, *quotas: dict[str, Any]) -> Verdict:
    return judged(quota, wanted, {quota.quotas(NAMESPACE): listed(*quotas)})


GPUS = pods(most=4, limits={"nvidia.com/gpu": "2"})
SIZED = pods(most=2, requests={"cpu": "500m", "memory": "1Gi"}, limits={"memory": "1Gi"})


@pytest.mark.parametrize(
    ("hard", "used", "some"),
    [
        ({"pods": "2"}, {}, pods()),
        ({"pods": "4"}, {"pods": "2"}, pods()),
        ({"requests.nvidia.com/gpu": "8"}, {}, GPUS),
        ({"requests.cpu": "1", "requests.memory": "2Gi", "limits.memory": "2Gi"}, {}, SIZED),
        ({"cpu": "1", "memory": "2Gi"}, {}, SIZED),
        ({"persistentvolumeclaims": "0", "requests.storage": "0"}, {}, pods()),
        ({"pods": "1"}, {}, pods(most=4, least=1)),
    ],
)
def test_there_is_room(hard: dict[str, str], used: dict[str, str], some: Any) -> None:
    assert texts(verdict(request(some), quota_of(hard, used))) == []


@pytest.mark.parametrize(
    ("hard", "some", "said"),
    [
        ({"pods": "1"}, pods(), 'quota "small" is 1 pods, and the run takes 2 pods'),
        ({"count/pods": "1"}, pods(), "the run takes 2 count/pods"),
        (
            {"requests.nvidia.com/gpu": "6"},
            GPUS,
            "is 6 requests.nvidia.com/gpu, and the run takes 8 requests.nvidia.com/gpu",
        ),
        ({"requests.cpu": "900m"}, SIZED, "is 0.9 requests.cpu, and the run takes 1 requests.cpu"),
        ({"limits.memory": "1Gi"}, SIZED, "is 1 GiB limits.memory, and the run takes 2 GiB"),
        ({"pods": "1"}, pods(most=4, least=2), "the run takes 2 pods"),
    ],
)
def test_more_than_the_whole_quota_never_runs(hard: dict[str, str], some: Any, said: str) -> None:
    found = verdict(request(some), quota_of(hard))
    (text,) = texts(found)

    assert said in text
    assert "ask for less" in found.refusals[0].remedy


def test_what_others_use_now_is_waited_for() -> None:
    found = verdict(request(), quota_of({"pods": "3"}, {"pods": "2"}))

    assert found.refusals == ()
    assert found.notes == (
        'quota "small": 1 of 3 pods left now, and all nodes take 2; some will wait',
    )


@pytest.mark.parametrize(
    "counted", ["count/jobs.batch", "configmaps", "count/configmaps", "services", "secrets"]
)
def test_objects_do_not_wait(counted: str) -> None:
    objects = (job(), made("ConfigMap"), made("Service"), made("Secret"))
    (text,) = texts(verdict(request(objects=objects), quota_of({counted: "5"}, {counted: "5"})))

    assert text.startswith(f'quota "small" has 0 {counted} of 5 {counted} left')


def test_a_claim_of_the_runs_own_takes_storage() -> None:
    spec = {"storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}}
    wanted = request(objects=(made("PersistentVolumeClaim", spec=spec),))
    for counted in ("requests.storage", "fast.storageclass.storage.k8s.io/requests.storage"):
        assert len(texts(verdict(wanted, quota_of({counted: "1Gi"})))) == 1
        assert texts(verdict(wanted, quota_of({counted: "2Gi"}))) == []


@pytest.mark.parametrize(
    ("hard", "said", "remedy"),
    [
        ({"requests.memory": "9Gi"}, "its memory request", "--memory AMOUNT"),
        ({"limits.memory": "9Gi"}, "its memory limit", "--memory AMOUNT"),
        ({"cpu": "9"}, "its cpu request", "--cpu AMOUNT"),
        ({"limits.cpu": "9"}, "its cpu limit", "LimitRange"),
    ],
)
def test_a_quota_may_ask_containers_to_say_what_they_take(
    hard: dict[str, str], said: str, remedy: str
) -> None:
    (refusal,) = verdict(request(), quota_of(hard)).refusals

    assert said in refusal.text
    assert remedy in refusal.remedy


@pytest.mark.parametrize(
    ("scope", "some", "counts"),
    [
        ({"scopes": ["BestEffort"]}, pods(), True),
        ({"scopes": ["BestEffort"]}, SIZED, False),
        ({"scopes": ["NotBestEffort"]}, SIZED, True),
        ({"scopes": ["NotBestEffort"]}, pods(), False),
        ({"scopes": ["Terminating"]}, pods(), False),
        ({"scopes": ["Terminating"]}, pods(activeDeadlineSeconds=9), True),
        ({"scopes": ["NotTerminating", "BestEffort"]}, pods(), True),
        ({"scopes": ["UnheardOf"]}, pods(), False),
        ({"scopes": ["PriorityClass"]}, pods(priorityClassName="high"), True),
        ({"scopes": ["PriorityClass"]}, pods(), False),
    ],
)
def test_a_quota_with_a_scope_counts_some_pods(
    scope: dict[str, Any], some: Any, counts: bool
) -> None:
    assert len(texts(verdict(request(some), quota_of({"pods": "1"}, **scope)))) == counts


@pytest.mark.parametrize(
    ("operator", "values", "counts"),
    [
        ("In", ["high"], True),
        ("In", ["low"], False),
        ("NotIn", ["low"], True),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_a_quota_of_a_priority(operator: str, values: list[str], counts: bool) -> None:
    expression = {"scopeName": "PriorityClass", "operator": operator, "values": values}
    limited = quota_of({"pods": "1"}, scopeSelector={"matchExpressions": [expression]})
    some = pods(priorityClassName="high")

    assert len(texts(verdict(request(some), limited))) == counts


def test_a_quota_with_a_scope_counts_no_other_object() -> None:
    limited = quota_of({"configmaps": "0"}, scopes=["BestEffort"])

    assert texts(verdict(request(objects=(made("ConfigMap"),)), limited)) == []


def test_quotas_that_may_not_be_read_are_not_checked() -> None:
    assert judged(quota, request()) == Verdict(unchecked=("may not list resourcequotas",))


EXCEEDED = "pods is forbidden: exceeded quota: q, requested: pods=1,cpu={}, used: pods=5,cpu=1, "


@pytest.mark.parametrize(
    ("said", "never"),
    [
        (EXCEEDED.format("1") + "limited: pods=5,cpu=4", False),
        (EXCEEDED.format("5") + "limited: pods=9,cpu=4", True),
        ("pods is forbidden: failed quota: q: must specify limits.cpu for: rank", True),
    ],
)
def test_a_pods_dry_run_tells_it_to_those_who_may_not_read_quotas(said: str, never: bool) -> None:
    wanted = request()
    answers = {dry_run.of_a_pod(wanted, wanted.pods[0]): refused(said)}
    found = judged(quota, wanted, answers)

    assert (len(found.refusals), len(found.notes)) == (never, not never)
    assert found.unchecked == ("may not list resourcequotas",)
