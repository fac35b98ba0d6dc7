"""Which of several failures is the cause."""

from __future__ import annotations

import pytest

from rankzero.agent.membership import failure


def rank(number, time, **more):
    return {"kind": "rank-failed", "rank": number, "node": f"worker/{number}", "time": time, **more}


def loss(number, time):
    return failure.lost(f"worker/{number}", time, "gone", [number])


@pytest.mark.parametrize(
    ("failures", "unfinished", "first", "others"),
    [
        ([rank(3, 10.0)], [3], 3, 0),
        ([rank(3, 10.2), rank(1, 10.1), rank(2, 10.3)], [0, 1, 2, 3], 1, 3),
        ([rank(1, 10.1, code=1), rank(1, 10.1, code=2)], [1], 1, 0),
        ([rank(0, 10.0), loss(2, 10.9)], [0, 2], 2, 1),
        ([rank(0, 10.0), loss(2, 11.1)], [0, 1, 2], 0, 2),
        ([rank(0, 10.0, signal=13), rank(1, 10.9)], [0, 1], 1, 1),
        ([rank(0, 10.0, signal=13), rank(1, 11.1)], [0, 1], 0, 1),
        ([rank(0, 10.0, code=1), rank(1, 10.9, signal=13, leads=True)], [0, 1], 1, 1),
        ([rank(0, 10.0, code=1), rank(1, 11.1, leads=True)], [0, 1], 0, 1),
        ([loss(2, 10.0), loss(1, 9.0), rank(0, 8.5)], [0, 1, 2], 1, 2),
    ],
)
def test_the_first_by_time_and_a_loss_leads_what_it_explains(failures, unfinished, first, others):
    cause = failure.root(tuple(failures), unfinished)
    assert cause is not None
    assert (cause["rank"], cause["others"]) == (first, others)


def test_nothing_failed():
    assert failure.root(()) is None


def test_a_lost_node_without_ranks():
    assert failure.lost("worker/0", 1.0, "gone", ())["rank"] is None


def test_missing_nodes_are_named_but_not_by_the_thousand():
    names = [f"worker/{i}" for i in range(1000)]
    record = failure.missing(names, 600.0, 5.0)
    assert record["nodes"] == names
    assert record["message"].endswith("worker/7 did not come within 600 s")


def test_others_are_counted_without_those_that_have_no_rank():
    cause = failure.root((rank(1, 1.0), {"kind": "node-left", "node": "worker/5", "time": 2.0}))
    assert cause is not None
    assert cause["others"] == 0
