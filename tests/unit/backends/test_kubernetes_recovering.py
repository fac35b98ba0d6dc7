"""Which pods a dead machine holds: a table of what the API tells of them."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.backends.kubernetes.recovering import judge
from rankzero.backends.kubernetes.state import seconds

END = "2026-01-01T00:01:00Z"
NOW = seconds(END)
EVICTED = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
UNKNOWN = {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def pod(end: str | None = END, phase: str = "Running", machine: str = "node1", **more: Any) -> Any:
    """worker/1, as the API has it."""
    labels = {"rankzero/role": "worker", "batch.kubernetes.io/job-completion-index": "1"}
    meta: dict[str, Any] = {"name": "pod", "uid": "u", "labels": labels}
    if end is not None:
        meta["deletionTimestamp"] = end
    status = {"phase": phase, "conditions": more.get("conditions", [])}
    return {"metadata": meta, "spec": {"nodeName": machine}, "status": status}


def machines(*conditions: Any) -> Any:
    return {"node1": {"status": {"conditions": list(conditions)}}}


READY = machines({"type": "Ready", "status": "True"})
NOT_READY = machines({"type": "Ready", "status": "False"})
SILENT = machines(UNKNOWN)


@pytest.mark.parametrize(
    ("made", "now", "where", "words"),
    [
        (pod(), NOW - 30, SILENT, "does not answer"),
        (pod(), NOW + 60, SILENT, "does not answer"),
        (pod(), NOW + 60, None, "beyond its grace period"),
        (pod(), NOW + 60, READY, "beyond its grace period"),
        (pod(), NOW + 60, NOT_READY, "beyond its grace period"),
        (pod(phase="Pending"), NOW + 60, None, "beyond its grace period"),
    ],
)
def test_a_pod_that_nobody_will_end_is_lost(made: Any, now: float, where: Any, words: str) -> None:
    (verdict,) = judge([made], now, where)

    assert verdict.lost
    assert words in verdict.why


@pytest.mark.parametrize("where", [None, READY, NOT_READY, machines()])
@pytest.mark.parametrize("now", [NOW - 30, NOW, NOW + 14])
def test_within_its_grace_period_nothing_is_certain(now: float, where: Any) -> None:
    (verdict,) = judge([pod()], now, where)

    assert not verdict.lost
    assert verdict.when == NOW + 15


def test_a_machine_that_is_silent_is_not_enough() -> None:
    (verdict,) = judge([pod(end=None)], NOW, SILENT)

    assert (verdict.lost, verdict.when) == (False, None)
    assert "not given the pod up yet" in verdict.why


@pytest.mark.parametrize(
    ("made", "where"),
    [
        (pod(end=None), None),
        (pod(end=None), READY),
        (pod(phase="Failed"), SILENT),
        (pod(phase="Succeeded"), None),
        (pod(machine=""), None),
        (pod(end=None, machine="node0"), SILENT),
    ],
)
def test_what_no_machine_holds_is_not_named(made: Any, where: Any) -> None:
    assert judge([made], NOW + 60, where) == []


@pytest.mark.parametrize(
    ("conditions", "silent", "lost"),
    [
        ([EVICTED], ["worker/1"], True),
        ([EVICTED], ["worker/0"], False),
        ([EVICTED], [], False),
        ([], ["worker/1"], False),
        ([{**EVICTED, "reason": "EvictionByEvictionAPI"}], ["worker/1"], False),
    ],
)
def test_an_agent_that_is_lost_and_a_machine_given_up_are_certain_together(
    conditions: Any, silent: list[str], lost: bool
) -> None:
    (verdict,) = judge([pod(conditions=conditions)], NOW - 30, None, silent)

    assert verdict.lost is lost
