"""How many nodes of a run are there, as its Jobs or its coordinator count them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rankzero.agent.history import History, NodeState
from rankzero.backends.kubernetes import looking, state
from rankzero.backends.kubernetes.state import Found
from rankzero.why.seen import ABSENT


def job(role: str, completions: int, minimum: int | None = None, **status: Any) -> dict[str, Any]:
    shapes = [
        {
            "name": role,
            "minimum": completions if minimum is None else minimum,
            "maximum": completions,
        }
    ]
    nodes = [{"role": role, "index": at, "nproc": 1, "roles": shapes} for at in range(completions)]
    labels = {"rankzero/run": "r-1", "rankzero/role": role, "rankzero/part": "coordinator"}
    return {
        "metadata": {
            "name": f"r-1-{role}",
            "namespace": "team-a",
            "labels": labels,
            "creationTimestamp": "2026-11-22T21:38:44Z",
            "annotations": {"rankzero/plan": json.dumps({"nodes": nodes}), "rankzero/created": "5"},
        },
        "spec": {"completions": completions},
        "status": status,
    }


def found(*jobs: dict[str, Any], phase: str | None = "Running") -> Found:
    meta = {"labels": {}, "name": "p", "creationTimestamp": "2026-11-22T21:38:44Z"}
    pod = None if phase is None else {"metadata": meta, "spec": {}, "status": {"phase": phase}}
    return Found(jobs[0], pod, jobs)


def test_all_roles_count():
    both = found(job("ps", 1, ready=1), job("worker", 4, ready=2, succeeded=1))
    assert state.ready(both) == (4, 5)


@pytest.mark.parametrize(
    ("ready", "minimum", "wanted"),
    [(0, 2, "waiting"), (1, 2, "waiting"), (2, 2, "running"), (1, 1, "running")],
)
def test_a_run_that_has_fewer_pods_than_it_needs_waits(ready, minimum, wanted):
    info = state.listed(found(job("worker", 2, minimum, ready=ready)), "lab")
    assert (info.state, info.ready) == (wanted, (ready, 2))


def test_what_the_coordinator_says_counts_for_more():
    nodes = {
        "worker/0": NodeState("worker/0", "joined"),
        "worker/1": NodeState("worker/1", "lost"),
    }
    known = History(state="restarting", nodes=nodes)
    info = state.listed(found(job("worker", 2, ready=2)), "lab", known)
    assert (info.state, info.ready) == ("restarting", (1, 2))


def test_a_run_without_a_pod_waits():
    info = state.listed(found(job("worker", 2), phase=None), "lab")
    assert (info.state, info.ready) == ("waiting", (0, 2))


def test_jobs_and_pods_together_tell_of_every_node():
    one = job("worker", 2)
    seen = looking.gather([], [one], {}, ("events",))
    assert [(pod.node, pod.phase) for pod in seen.pods] == [
        ("worker/0", ABSENT),
        ("worker/1", ABSENT),
    ]
    assert seen.job("worker").name == "r-1-worker"
    assert seen.unread == ("events",)
    assert looking.nodes(found(one)) == ["worker/0", "worker/1"]


def test_who_was_lost_is_not_here():
    nodes = {"worker/0": NodeState("worker/0"), "worker/1": NodeState("worker/1", "lost")}
    assert looking.here(History(nodes=nodes)) == {"worker/0"}


@pytest.mark.parametrize(
    ("reason", "leaving", "wanted"),
    [
        ("DeletionByTaintManager", True, "waiting"),
        ("DeletionByTaintManager", False, "running"),
        ("EvictionByEvictionAPI", True, "running"),
    ],
)
def test_nobody_can_tell_of_a_coordinator_whose_machine_was_given_up(reason, leaving, wanted):
    one = found(job("worker", 2, ready=2))
    ended = {"type": "DisruptionTarget", "status": "True", "reason": reason}
    one.pod["status"]["conditions"] = [ended]
    if leaving:
        one.pod["metadata"]["deletionTimestamp"] = "2026-11-22T22:00:00Z"
    assert state.told(one).state == wanted


def test_who_heals_a_run_is_its_coordinator_where_it_was_asked_to():
    one = job("worker", 2)
    plan = json.loads(one["metadata"]["annotations"]["rankzero/plan"])
    for asked, healer in ((None, ""), (False, ""), (True, "worker/0"), ("another", "worker/0")):
        told = json.dumps({**plan, "job": {} if asked is None else {"self_heal": asked}})
        one["metadata"]["annotations"]["rankzero/plan"] = told
        assert looking.healer(found(one)) == healer


def test_outputs_come_of_whose_agents_are_here_also_where_the_cluster_has_not_heard_of_it():
    def pod(index: int, phase: str) -> dict[str, Any]:
        number = {"batch.kubernetes.io/job-completion-index": str(index)}
        labels = {"rankzero/run": "r-1", "rankzero/role": "worker", **number}
        meta = {"name": f"p-{index}", "labels": labels}
        return {"metadata": meta, "spec": {}, "status": {"phase": phase}}

    first = job("worker", 5)
    plan = {"job": {"collect": "all"}}
    first["metadata"]["annotations"]["rankzero/plan"] = json.dumps(plan)
    pods = [
        *(pod(0, "Running"), pod(1, "Running"), pod(2, "Pending"), pod(3, "Pending")),
        pod(4, "Succeeded"),
    ]

    def holders(here: set[str]) -> list[str]:
        made = state.holders(Found(first, pods[0]), pods, here)
        return [str(one["metadata"]["name"]) for one in made]

    assert holders(set()) == ["p-0", "p-1"]
    assert holders({"worker/0", "worker/1", "worker/2", "worker/4"}) == ["p-0", "p-1", "p-2"]
