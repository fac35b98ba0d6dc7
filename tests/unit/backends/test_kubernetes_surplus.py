"""Pods that found no machine are let go at a run's end, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes import runs, surplus
from rankzero.backends.kubernetes.state import Found
from rankzero.plan.kubernetes import names
from support.apiserver import ApiServer
from support.runs import pod, submit

ROLES = {name: {"nodes": {"minimum": 1, "maximum": 3}} for name in ("worker", "evaluator")}


@pytest.fixture
def found(api: ApiServer) -> Found:
    return submit(api, roles=ROLES)


def spec(api: ApiServer, role: str) -> dict[str, Any]:
    keys = ("completions", "parallelism", "suspend", "activeDeadlineSeconds")
    said = api.api.one("Job", f"digits-7f3a-{role}")["spec"]
    return {key: said[key] for key in keys if key in said}


def let_go(api: ApiServer) -> list[str]:
    """What was asked of the server then, but for reading."""
    before = len(api.asked)
    cluster = api.cluster()
    surplus.let_go(cluster, runs.one(cluster, "digits-7f3a"))
    return [one for one in api.asked[before:] if not one.startswith("GET")]


@pytest.mark.parametrize(
    ("came", "waits", "count"),
    [([0], [1, 2], 1), ([0, 1], [2], 2), ([0, 2], [1], 3), ([], [0, 1, 2], 1)],
    ids=["none but the first", "the last is missing", "one between is missing", "none"],
)
def test_no_more_are_asked_for_than_came(
    api: ApiServer, found: Found, came: list[int], waits: list[int], count: int
) -> None:
    """One between cannot be left out: an Indexed Job counts from 0."""
    for index in came:
        pod(api, found, f"worker/{index}")
    for index in waits:
        pod(api, found, f"worker/{index}", machine="")

    assert let_go(api) == ["PATCH Job"]
    asked = spec(api, "worker")
    assert (asked["completions"], asked["parallelism"]) == (count, count)
    assert spec(api, "evaluator")["completions"] == 3


def test_a_role_of_which_nobody_came_ends(api: ApiServer, found: Found) -> None:
    pod(api, found, "worker/0")
    pod(api, found, "evaluator/0", machine="")
    let_go(api)

    ended = spec(api, "evaluator")
    assert (ended["parallelism"], ended["activeDeadlineSeconds"]) == (0, 1)
    assert "activeDeadlineSeconds" not in spec(api, "worker")


def test_where_all_came_nothing_is_changed(api: ApiServer, found: Found) -> None:
    for index in range(3):
        pod(api, found, f"worker/{index}")
    pod(api, found, "evaluator/0", status={"phase": "Pending"})  # starts, on its machine

    assert let_go(api) == []


@pytest.mark.parametrize("over", ["Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"])
def test_a_job_that_is_over_or_decided_is_left_alone(
    api: ApiServer, found: Found, over: str
) -> None:
    pod(api, found, "worker/0", machine="")
    status = {"conditions": [{"type": over, "status": "True"}]}
    api.change("Job", "digits-7f3a-worker", status=status)

    assert let_go(api) == []


def test_a_server_that_keeps_the_count_of_a_job_is_asked_for_fewer_at_a_time(
    api: ApiServer, found: Found
) -> None:
    """Before Kubernetes 1.27."""
    pod(api, found, "worker/0")
    pod(api, found, "worker/1", machine="")
    api.keeps["Job"] = "completions"

    assert let_go(api) == ["PATCH Job", "PATCH Job"]
    asked = spec(api, "worker")
    assert (asked["completions"], asked["parallelism"]) == (3, 1)


def test_in_a_queue_the_queue_has_them(api: ApiServer, found: Found) -> None:
    pod(api, found, "worker/0", machine="")
    labels = {"labels": {names.QUEUE: "gpus"}}
    api.change("Job", "digits-7f3a-worker", metadata=labels)

    assert let_go(api) == []


def test_an_earlier_kubernetes_names_a_pod_s_job_otherwise(api: ApiServer, found: Found) -> None:
    pod(api, found, "worker/0")
    made = pod(api, found, "worker/1", machine="")
    labels = {names.OF_JOB: None, names.OF_JOB_EARLIER: "digits-7f3a-worker"}
    api.change("Pod", made["metadata"]["name"], metadata={"labels": labels})
    let_go(api)

    assert spec(api, "worker")["completions"] == 1
