"""Which events an attached run tells, and how."""

from __future__ import annotations

import pytest

from rankzero.agent.events import Event
from rankzero.agent.history import History, fold
from rankzero.cli.show.chronicle import event_line
from rankzero.cli.show.happenings import tell

KILLED = {"kind": "rank-failed", "rank": 3, "node": "worker/1", "signal": 9}
LEFT = {"kind": "node-lost", "rank": 2, "node": "worker/1", "message": "no sign of life for 10 s"}


def event(kind, **data):
    return Event(5, 100.0, kind, data)


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (
            event("waiting", nodes=["worker/1"], until=700.0),
            "waiting for worker/1 (at most 600 s more)",
        ),
        (
            event("waiting", nodes=[f"worker/{n}" for n in range(9)]),
            "waiting for worker/0, worker/1, worker/2, worker/3 and 5 more",
        ),
        (
            event("restarting", generation=2, restarts=1, max_restarts=2, cause=KILLED),
            "generation 2: restarted after rank 3 (worker/1) was killed by signal 9 (SIGKILL) "
            "(1 of 2 restarts)",
        ),
        (
            event("restarting", generation=2, restarts=0, max_restarts=2, cause=LEFT),
            "generation 2: goes on after node worker/1 was lost: no sign of life for 10 s "
            "(uses no restart)",
        ),
        (
            event("node-lost", node="worker/1", reason="its connection was cut"),
            "lost node worker/1: its connection was cut",
        ),
        (event("stop-requested", by="SIGTERM", grace_s=None), "stopping: SIGTERM"),
        (event("stop-requested", by="rankzero stop", grace_s=None), "stopping"),
        (event("stop-requested", by=None, grace_s=5.0), "stopping (killed after 5 s)"),
        (
            event("leftovers", rank=1, processes=2),
            "rank 1 left 2 processes running; they were ended",
        ),
        (event("leftovers", rank=1, processes=[77]), "rank 1 left 1 process running; it was ended"),
        (
            event("log-dropped", rank=4, node="worker/0", bytes=9000, lines=70),
            "rank 4: the oldest 9 kB of its log were dropped (log_keep is full)",
        ),
        (event("notice", text="2 ranks share 1 GPU"), "note: 2 ranks share 1 GPU"),
    ],
)
def test_what_is_told(happened, told):
    assert tell(happened, History()) == told


@pytest.mark.parametrize(
    "kind",
    [
        "submitted",
        "node-joined",
        "running",
        "rank-exited",
        "first-step",
        "report",
        "finished",
        "new",
    ],
)
def test_what_is_all_in_a_days_work(kind):
    assert tell(event(kind), History()) is None


def assigned(generation, ranks):
    return event(
        "assigned", generation=generation, restarts=0, world_size=ranks, nodes={"worker/0": [0]}
    )


def test_a_first_generation_is_told_only_when_somebody_did_not_come():
    assert tell(assigned(1, 2), History()) is None
    waited = fold([event("waiting", nodes=["worker/1"])])
    assert tell(assigned(1, 2), waited) == "generation 1: 1 node, 2 ranks"


def test_a_later_generation_is_told_when_its_size_is_another():
    before = fold([assigned(1, 2)])
    assert tell(assigned(2, 2), before) is None
    assert tell(assigned(2, 1), before) == "generation 2: 1 node, 1 rank"


def test_an_event_line_holds_everything():
    line = event_line(
        event("restarting", generation=2, restarts=1, cause=KILLED, note="a b", x=None)
    )
    assert line.split()[1:5] == ["5", "restarting", "generation=2", "restarts=1"]
    assert line.endswith('cause: rank 3 (worker/1) was killed by signal 9 (SIGKILL) note="a b"')


def test_an_event_line_stays_one_harmless_line():
    line = event_line(event("notice", text="a\nb\x1b[2J"))
    assert "\n" not in line
    assert "\x1b" not in line
