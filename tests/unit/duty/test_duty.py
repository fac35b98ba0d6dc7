"""What one node does about what the coordinator says and its ranks do."""

from __future__ import annotations

import json

import pytest

from rankzero.agent import duty, exits

from .node import Node

OUTCOME = {"state": "succeeded", "cause": None}


def test_it_says_hello_with_all_that_it_knows():
    node = Node(ports=(7, 8))
    node.feed(duty.Connected())
    assert node.told() == [
        {
            "type": "hello",
            "generation": 0,
            "barred": 0,
            "restarts": 0,
            "phase": "idle",
            "ports": [7, 8],
            "exits": {},
            "failures": [],
            "outcome": None,
            "unable": None,
        }
    ]


def test_hello_tells_what_happened_while_there_was_no_coordinator():
    node = Node().running(3, restarts=2)
    node.feed(duty.Disconnected())
    failed = {"kind": "rank-failed", "rank": 5}
    node.feed(duty.RankExited(3, 1, 9, failed))
    node.feed(duty.RankExited(3, 0, 0, None))
    node.forget()
    node.feed(duty.Connected())
    (hello,) = node.told()
    assert (hello["generation"], hello["restarts"], hello["phase"]) == (3, 2, "running")
    assert (hello["exits"], hello["failures"]) == ({"1": 9, "0": 0}, [failed])


def test_an_assignment_starts_the_ranks():
    node = Node()
    node.assign(1)
    assert node.done == [duty.Start({"generation": 1, "restarts": 0}, 0)]
    node.feed(duty.Started(1))
    assert node.told() == [{"type": "running", "generation": 1}]


@pytest.mark.parametrize("generation", [1, 2])
def test_an_assignment_twice_or_late_starts_nothing(generation):
    node = Node().running(2)
    node.assign(generation)
    assert node.done == []


def test_a_stop_that_overtakes_its_assignment_bars_it():
    node = Node()
    node.stop(1)
    assert node.told() == [{"type": "stopped", "generation": 1, "ports": []}]
    node.forget()
    node.assign(1)
    assert node.done == []
    node.assign(2)
    assert node.started() == [2]


def test_a_new_assignment_waits_until_the_old_ranks_are_down():
    node = Node().running(1)
    node.assign(2)
    assert node.done == [duty.StopRanks(30.0)]
    node.feed(duty.AllDown(1, (9,)))
    assert node.started() == [2]
    assert node.told() == [{"type": "stopped", "generation": 1, "ports": [9]}]


def test_a_stop_takes_a_waiting_assignment_away_and_is_answered_for_it():
    node = Node().running(1)
    node.assign(2)
    node.stop(2)
    node.feed(duty.AllDown(1, (9,)))
    assert node.started() == []
    assert node.told() == [{"type": "stopped", "generation": 2, "ports": [9]}]


def test_stopping_ends_the_ranks_and_says_so_when_they_are_down():
    node = Node().running(1)
    node.stop(1, grace=4.0)
    assert node.done == [duty.StopRanks(4.0)]
    node.forget()
    node.feed(duty.RankExited(1, 0, -15, None))
    node.feed(duty.AllDown(1, (9,)))
    assert [message["type"] for message in node.told()] == ["exited", "stopped"]
    assert node.state.phase == "idle"


def test_a_second_stop_can_be_quicker():
    node = Node().running(1)
    node.stop(1, grace=30.0)
    node.stop(1, grace=0.0)
    assert node.done == [duty.StopRanks(30.0), duty.StopRanks(0.0)]


def test_a_stop_for_an_older_generation_means_nothing():
    node = Node().running(2)
    node.stop(1)
    assert node.done == []


def test_a_failed_rank_is_told_with_its_record():
    node = Node().running(1)
    record = {"kind": "rank-failed", "rank": 4}
    node.feed(duty.RankExited(1, 0, 3, record))
    assert node.told() == [
        {"type": "exited", "generation": 1, "rank": 0, "code": 3, "failure": record}
    ]


@pytest.mark.parametrize(
    "late",
    [
        duty.RankExited(1, 0, 1, {"kind": "rank-failed"}),
        duty.Started(1),
        duty.AllDown(1, ()),
        duty.AllDown(2, ()),  # not asked for
        duty.Told({"type": "a word of a newer coordinator"}),
    ],
)
def test_what_is_late_or_unknown_changes_nothing(late):
    node = Node().running(2)
    before = node.state
    node.feed(late)
    assert (node.state, node.done) == (before, [])


def test_a_new_generation_forgets_the_results_of_the_old():
    node = Node().running(1)
    node.feed(duty.RankExited(1, 0, 3, {"kind": "rank-failed"}))
    node.stop(1)
    node.feed(duty.AllDown(1, ()))
    node.assign(2)
    assert (node.state.exits, node.state.failures) == ({}, ())


# -- the outcome


def test_the_outcome_is_acknowledged_when_nothing_runs():
    node = Node().running(1)
    node.outcome(OUTCOME)
    assert node.done == [duty.StopRanks(5.0)]
    node.feed(duty.AllDown(1, ()))
    assert [message["type"] for message in node.told()] == ["stopped", "ack"]


def test_the_first_outcome_counts_and_is_told_to_the_next_coordinator():
    node = Node()
    node.outcome(OUTCOME)
    node.outcome({"state": "failed", "cause": {}})
    node.forget()
    node.feed(duty.Connected())
    assert node.told()[0]["outcome"] == OUTCOME


def test_after_the_outcome_nothing_starts():
    node = Node().running(1)
    node.assign(2)
    node.outcome(OUTCOME)
    node.feed(duty.AllDown(1, ()))
    node.assign(3)
    assert node.started() == []


def test_it_leaves_when_told():
    node = Node()
    node.outcome(OUTCOME)
    node.feed(duty.Told({"type": "leave", "code": 0}))
    assert node.done[-1] == duty.Leave(exits.DONE)
    assert duty.deadline(node.state) is None
    node.forget()
    node.assign(9)
    assert node.done == [], "it has left"


def test_a_node_that_cannot_run_the_job_says_so_now_and_to_every_coordinator():
    node = Node()
    failure = {"kind": "refused", "message": "no python3"}
    node.feed(duty.Unable(failure))
    node.feed(duty.Connected())
    node.assign(1)
    refused, hello = node.told()
    assert (refused["type"], hello["type"]) == ("refused", "hello")
    assert hello["unable"] == failure
    assert node.started() == []


def test_a_hello_of_a_thousand_failures_fits_into_one_line():
    node = Node()
    node.assign(1)
    for rank in range(1000):
        failure = {"kind": "rank-failed", "rank": rank, "node": "worker/0", "time": 9.0 - rank}
        failure |= {"exception": {"traceback": "x" * 16_000}, "tail": ["y" * 4000]}
        node.feed(duty.RankExited(1, rank, 1, failure))
    node.feed(duty.Connected())
    hello = node.told()[-1]
    assert len(json.dumps(hello)) < 1 << 20
    assert len(hello["failures"]) == 1000
    earliest = hello["failures"][-1]
    assert (earliest["rank"], len(earliest["exception"]["traceback"])) == (999, 16_000)


def test_ranks_are_expected_until_they_run_and_again_when_they_come_down() -> None:
    node = Node()
    assert duty.expects_ranks(node.state)
    node.running(1)
    assert not duty.expects_ranks(node.state)
    node.stop(1)
    assert duty.expects_ranks(node.state)
    node.feed(duty.AllDown(1, ()))
    assert duty.expects_ranks(node.state)
    node.assign(2)
    assert not duty.expects_ranks(node.state)


def test_none_are_expected_behind_the_last_unless_they_come_all_the_same() -> None:
    node = Node().running(1)
    node.stop(1, again=False)
    assert not duty.expects_ranks(node.state)
    node.feed(duty.AllDown(1, ()))
    assert not duty.expects_ranks(node.state)
    node.assign(2)
    node.stop(2)
    assert duty.expects_ranks(node.state)


@pytest.mark.parametrize(
    "event",
    [
        duty.Told({"type": "outcome", "outcome": {"state": "failed"}, "grace": 5.0}),
        duty.Unable({"kind": "refused", "message": "no disk"}),
        duty.Terminate("asked to leave"),
        duty.Orphaned(),
        duty.Told({"type": "fenced"}),
    ],
)
@pytest.mark.parametrize("running", [True, False])
def test_none_are_expected_where_none_will_be_started(event: duty.Event, running: bool) -> None:
    node = Node()
    if running:
        node.running(1)
        node.stop(1)
    node.feed(event)

    assert not duty.expects_ranks(node.state)
