"""Which pods a dead machine holds, and which may be taken from it: tables of what the API tells of
them, and of what a coordinator says."""

from __future__ import annotations

from typing import Any

import pytest

from rankzero.agent.events import Event
from rankzero.agent.healing.judging import Word, judge, unasked, untracked, word
from rankzero.agent.healing.pods import given_up, seconds
from rankzero.agent.history import fold

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


# -- without being asked

EVICTED_POD = pod(conditions=[EVICTED])
OTHERS_WISH = {**EVICTED, "reason": "EvictionByEvictionAPI"}


@pytest.mark.parametrize(
    ("made", "now", "where", "silent", "heard"),
    [
        (EVICTED_POD, NOW - 30, None, ["worker/1"], []),
        (EVICTED_POD, NOW - 30, SILENT, [], []),
        (pod(), NOW - 30, SILENT, [], []),
        (EVICTED_POD, NOW + 60, None, [], []),
        (EVICTED_POD, NOW + 60, None, [], ["worker/0"]),
    ],
)
def test_what_a_dead_machine_holds_is_taken_from_it_by_whoever_watches(
    made: Any, now: float, where: Any, silent: list[str], heard: list[str]
) -> None:
    assert [one.pod for one in unasked(judge([made], now, where, silent), heard)] == [made]


@pytest.mark.parametrize(
    ("made", "now", "where", "silent", "heard"),
    [
        # A pod that somebody deleted, on a machine that takes its time.
        (pod(), NOW + 60, None, ["worker/1"], []),
        (pod(), NOW + 60, READY, ["worker/1"], []),
        (pod(conditions=[OTHERS_WISH]), NOW + 60, None, ["worker/1"], []),
        (pod(conditions=[{**EVICTED, "status": "False"}]), NOW + 60, None, ["worker/1"], []),
        # Not certain yet, or not given up yet.
        (EVICTED_POD, NOW, None, [], []),
        (pod(end=None), NOW + 60, SILENT, ["worker/1"], []),
        (pod(end=None, conditions=[EVICTED]), NOW + 60, None, ["worker/1"], []),
        # The cluster does not reach its machine, and the run does.
        (EVICTED_POD, NOW + 60, None, [], ["worker/1"]),
        (EVICTED_POD, NOW + 60, SILENT, [], ["worker/1"]),
    ],
)
def test_nothing_is_taken_from_a_machine_that_may_only_be_slow(
    made: Any, now: float, where: Any, silent: list[str], heard: list[str]
) -> None:
    assert unasked(judge([made], now, where, silent), heard) == []


def test_what_a_machine_gave_up_is_marked_by_the_cluster() -> None:
    assert given_up(EVICTED_POD)
    assert not given_up(pod())
    assert not given_up(pod(end=None, conditions=[EVICTED]))


def test_a_release_names_one_finalizer_and_one_pod() -> None:
    (meta,) = untracked(pod()).values()

    assert meta == {
        "uid": "u",
        "$deleteFromPrimitiveList/finalizers": ["batch.kubernetes.io/job-tracking"],
    }


# -- a coordinator's word


def said(*events: tuple[str, dict[str, Any]]) -> Word:
    return word(fold(Event(seq, 1.0, kind, data) for seq, (kind, data) in enumerate(events, 1)))


JOINED = ("node-joined", {"node": "worker/0"}), ("node-joined", {"node": "worker/1"})
LOST = ("node-lost", {"node": "worker/1", "reason": "no sign of life"})
BYE = ("node-lost", {"node": "worker/1", "reason": "asked to leave", "left": True})
AWAITED = ("waiting", {"nodes": ["worker/1", "worker/2"], "until": 9.0})


@pytest.mark.parametrize(
    ("events", "silent", "heard"),
    [
        ((), set(), set()),
        (JOINED, set(), {"worker/0", "worker/1"}),
        ((*JOINED, LOST), {"worker/1"}, {"worker/0"}),
        ((*JOINED, AWAITED), {"worker/1"}, {"worker/0"}),
        ((*JOINED, LOST, JOINED[1]), set(), {"worker/0", "worker/1"}),
        ((JOINED[0], AWAITED), set(), {"worker/0"}),
    ],
)
def test_a_coordinator_misses_those_that_it_had(
    events: Any, silent: set[str], heard: set[str]
) -> None:
    assert said(*events) == (silent, heard, set())


@pytest.mark.parametrize("events", [(*JOINED, BYE), (*JOINED, BYE, AWAITED)])
def test_whoever_said_goodbye_is_neither_silent_nor_heard(events: Any) -> None:
    """It may be saving, and whether it will end nobody knows."""
    assert said(*events) == (set(), {"worker/0"}, {"worker/1"})
    assert said(*events).missed == {"worker/1"}


@pytest.mark.parametrize(
    ("events", "silent"), [((JOINED[1],), set()), ((JOINED[1], LOST), {"worker/1"})]
)
def test_a_goodbye_is_for_one_life(events: Any, silent: set[str]) -> None:
    assert said(*JOINED, BYE, *events)[::2] == (silent, set())


@pytest.mark.parametrize("where", [None, READY])
def test_a_machine_that_lives_and_was_tainted_has_the_whole_grace_period(where: Any) -> None:
    told = said(*JOINED, BYE)
    early, late = (
        unasked(judge([EVICTED_POD], now, where, told.silent), told.heard)
        for now in (NOW + 14, NOW + 15)
    )

    assert (early, [one.pod for one in late]) == ([], [EVICTED_POD])


def test_a_machine_that_was_given_up_and_is_not_heard_has_none() -> None:
    told = said(*JOINED, LOST)

    assert unasked(judge([EVICTED_POD], NOW - 30, None, told.silent), told.heard)
