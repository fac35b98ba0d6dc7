"""Which of the runs that wait for room steps back, from their objects alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.backends.kubernetes.turns.judging import Leases, Turn, Waiter, ahead, waiters
from rankzero.plan.kubernetes import names


def waits(run: str, came: float, **said: Any) -> Waiter:
    """Asks for two nodes, and has one."""
    return Waiter(run, came, **{"placed": 1, "needed": 2, "refused": True, **said})


@pytest.mark.parametrize(
    ("me", "other", "first"),
    [
        (waits("me", 2.0), waits("it", 1.0), True),
        (waits("me", 1.0), waits("it", 2.0), False),
        (waits("b", 1.0), waits("a", 1.0), True),
        (waits("me", 2.0), waits("it", 1.0, placed=2), False),
        (waits("me", 2.0), waits("it", 1.0, refused=False), False),
        (waits("me", 2.0), waits("it", 1.0, placed=0), False),
        (waits("me", 2.0), waits("it", 1.0, placed=0, refused=False, turn=Turn()), True),
    ],
    ids=[
        *("came later", "came first", "at one time", "has all", "only starts", "holds nothing"),
        "stands in line",
    ],
)
def test_who_goes_first(me: Waiter, other: Waiter, first: bool) -> None:
    assert ahead(me, [me, other], ()) == ([other] if first else [])


def test_one_in_line_for_whom_nobody_cares_is_not_waited_for() -> None:
    me, left = waits("me", 2.0), waits("left", 1.0, turn=Turn())
    assert ahead(me, [left], ["left"]) == []
    asks = waits("left", 1.0)  # by itself, within its own time
    assert ahead(me, [asks], ["left"]) == [asks]


@given(
    st.lists(
        st.builds(
            waits,
            st.text("abc", min_size=1, max_size=3),
            st.floats(0, 9),
            placed=st.integers(0, 2),
            refused=st.booleans(),
            turn=st.sampled_from([None, Turn()]),
        ),
        min_size=1,
        unique_by=lambda one: one.run,
    )
)
def test_of_those_that_others_wait_for_one_always_goes_on(runs: list[Waiter]) -> None:
    """So that none waits for another one for ever; nor for one that may never get anything."""
    awaited = {other.run: other for one in runs for other in ahead(one, runs, ())}
    assert all(one.placed or one.turn for one in awaited.values())
    assert not awaited or any(ahead(one, runs, ()) == [] for one in awaited.values())


def test_a_beat_that_stands_still_is_given_up_by_one_s_own_clock() -> None:
    now = [0.0]
    leases = Leases(60.0, lambda: now[0])

    def abandoned(at: float, beat: int | None) -> bool:
        now[0] = at
        turn = None if beat is None else Turn(beat=beat)
        return leases.abandoned([waits("one", 1.0, turn=turn)]) == ["one"]

    assert not abandoned(1000.0, 7)
    assert not abandoned(1060.0, 7)
    assert abandoned(1060.5, 7)
    assert not abandoned(1061.0, 8)
    assert not abandoned(1062.0, None)
    assert not abandoned(9000.0, 8)


def job(run: str, role: str = "worker", **more: Any) -> dict[str, Any]:
    plan = {"nodes": [{"roles": [{"name": "worker", "minimum": 2}, {"name": "ps", "minimum": 1}]}]}
    labels = {names.RUN: run, names.ROLE: role, names.PART: names.COORDINATOR}
    meta = {"name": f"{run}-{role}", "namespace": "team", "labels": {**labels, **more}}
    meta["creationTimestamp"] = "2026-11-30T10:00:00Z"
    meta["annotations"] = {names.PLAN: json.dumps(plan), names.CREATED: "12.5"}
    return {"metadata": meta, "spec": {"completions": 2}, "status": {}}


def pod(run: str, index: int, machine: str = "", said: str = "", **meta: Any) -> dict[str, Any]:
    labels = {names.RUN: run, names.ROLE: "worker", names.INDEX: str(index)}
    about = {"name": f"{run}-{index}", "namespace": "team", "labels": labels, **meta}
    about.setdefault("creationTimestamp", "2026-11-30T10:00:00Z")
    refused = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": said,
    }
    status = {"phase": "Pending", "conditions": [refused] if said else []}
    return {"metadata": about, "spec": {"nodeName": machine} if machine else {}, "status": status}


LACKS = (
    "0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu. preemption: ..."
)


def test_a_run_that_waits_as_its_objects_tell_it() -> None:
    pods = [pod("r", 0, "node-a"), pod("r", 1, said=LACKS), pod("other", 0, "node-b")]
    (one,) = waiters([job("r")], pods)
    assert one == Waiter("r", 12.5, 1, 3, True)
    assert one.waits


def test_what_is_on_its_way_out_holds_nothing_that_counts() -> None:
    leaving = pod("r", 0, "node-a", deletionTimestamp="2026-11-30T10:00:00Z")
    (one,) = waiters([job("r")], [leaving, pod("r", 1, said=LACKS)])
    assert one.placed == 0


def test_a_run_that_has_stepped_back_says_for_whom() -> None:
    stands = job("r")
    turn = Turn(("first",), 3)
    stands["metadata"]["annotations"][names.TURN] = str(turn)
    assert waiters([stands], [])[0].turn is None  # somebody has let it go on
    stands["spec"]["suspend"] = True
    (one,) = waiters([stands], [])
    assert (one.turn, one.waits) == (turn, True)


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"after": 1, "beat": 0}'])
def test_a_turn_that_somebody_has_written_over_says_nothing(text: str) -> None:
    assert Turn.read(text) == Turn()


def test_what_a_queue_starts_and_what_has_ended_takes_no_turns() -> None:
    over = job("over")
    over["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
    assert waiters([job("queued", **{names.QUEUE: "gpus"}), over], []) == []
