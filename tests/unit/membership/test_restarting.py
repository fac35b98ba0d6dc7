"""What ends a generation, what a restart costs, and who is waited for before the next."""

from __future__ import annotations

import pytest

from rankzero.agent import membership as m
from rankzero.agent.config import RoleShape
from rankzero.agent.history import History

from .play import LIMITS, Play, elastic, fixed


def two(max_restarts: int = 1) -> Play:
    play = Play(fixed(2), max_restarts=max_restarts)
    play.hello("worker/0", "worker/1")
    play.running("worker/0", "worker/1")
    play.forget()
    return play


def shrinkable(max_restarts: int = 0) -> Play:
    play = Play(elastic(1, 3), max_restarts=max_restarts)
    play.hello("worker/0", "worker/1", "worker/2")
    play.running("worker/0", "worker/1", "worker/2")
    play.forget()
    return play


def test_a_failed_rank_stops_all_and_everybody_begins_again():
    play = two()
    play.exited("worker/1", 3)
    stop = {"type": "stop", "generation": 1, "grace": 5.0, "again": True}
    assert play.sent == [("worker/0", stop), ("worker/1", stop)]
    play.stopped("worker/1")
    assert play.phase == "stopping", "worker/0 still runs its ranks"
    play.stopped("worker/0")
    assert play.kinds() == ["rank-failed", "restarting", "assigned"]
    restarting = play.last("restarting")
    assert (restarting["generation"], restarting["restarts"], restarting["max_restarts"]) == (
        2,
        1,
        1,
    )
    assert restarting["cause"]["node"] == "worker/1"


def test_the_last_ranks_are_not_followed_by_others():
    play = two(max_restarts=0)
    play.exited("worker/1", 3)
    assert [message["again"] for _, message in play.sent] == [False, False]


def test_without_a_restart_left_the_first_cause_is_the_outcome():
    play = two(max_restarts=0)
    play.exited("worker/1", 3)
    play.now += 0.1
    play.exited("worker/0", 1)
    play.stopped("worker/0", "worker/1")
    ending = play.last("ending")
    assert (ending["state"], ending["exit_code"]) == ("failed", 1)
    assert (ending["cause"]["node"], ending["cause"]["others"]) == ("worker/1", 1)


def test_restarts_never_exceed_what_was_allowed():
    play = two(max_restarts=2)
    for _ in range(3):
        play.exited("worker/0", 1)
        play.stopped("worker/0", "worker/1")
    assert [kind for kind in play.kinds() if kind != "rank-failed"] == [
        "restarting",
        "assigned",
        "restarting",
        "assigned",
        "ending",
    ]


def test_ranks_that_do_not_die_end_the_run_although_a_restart_is_left():
    play = two(max_restarts=3)
    play.exited("worker/0", 1)
    play.stopped("worker/0")
    play.wait(LIMITS.grace + 59.0)
    assert play.phase == "stopping"
    play.wait(1.0)
    ending = play.last("ending")
    cause = ending["cause"]
    assert (ending["state"], cause["kind"], cause["node"]) == ("failed", "rank-failed", "worker/0")
    assert cause["stuck"] == ["worker/1"]


def test_less_grace_counts_from_when_it_was_given():
    play = two()
    play.feed(m.StopRun("somebody", 300.0))
    play.wait(100.0)
    play.feed(m.StopRun("somebody else", 10.0))
    play.wait(69.0)
    assert play.phase == "stopping"
    play.wait(1.0)
    assert play.last("ending")["cause"]["kind"] == "stuck"


def test_a_coordinator_that_slept_blames_nobody_for_the_time():
    play = two()
    play.feed(m.StopRun("somebody", 5.0))
    play.now += 500.0
    play.stopped("worker/0")
    assert play.phase == "stopping"
    play.stopped("worker/1")
    assert play.last("ending")["cause"] is None


def test_what_an_earlier_coordinator_left_and_does_not_die_ends_the_run():
    play = Play(fixed(2), max_restarts=3)
    play.hello("worker/0", phase="running", generation=2)
    play.wait(LIMITS.grace + 59.0)
    assert play.phase == "gathering"
    play.wait(1.0)
    assert play.last("ending")["cause"]["kind"] == "stuck"


def test_a_generation_that_a_node_bars_is_passed_over():
    play = Play(fixed(1))
    play.hello("worker/0", barred=4)
    assert play.last("assigned")["generation"] == 5


def test_ranks_that_do_not_die_keep_no_request_to_stop_waiting():
    play = two()
    play.feed(m.StopRun("Ctrl-C"))
    play.wait(LIMITS.grace + 60.0)
    ending = play.last("ending")
    assert (ending["state"], ending["cause"]["kind"]) == ("stopped", "stuck")


def test_each_failure_is_told_once_although_it_is_heard_twice():
    play = two()
    play.exited("worker/1", 3)
    play.exited("worker/1", 3)
    record = play.last("rank-failed")["failure"]
    play.hello("worker/1", phase="stopping", generation=1, exits={0: 3}, failures=(record,))
    assert play.kinds().count("rank-failed") == 1


def test_a_lost_node_of_a_fixed_job_uses_a_restart_and_is_waited_for():
    play = two()
    play.wait(10.0, silent=("worker/1",))
    play.stopped("worker/0")
    assert play.last("restarting")["restarts"] == 1
    play.wait(30.0)
    assert play.phase == "gathering"
    play.reborn("worker/1")
    assert play.last("assigned")["generation"] == 2


def test_a_replaced_node_is_lost_at_once():
    play = two(max_restarts=0)
    play.reborn("worker/1")
    assert play.last("node-lost") == {
        "node": "worker/1",
        "reason": "its agent died; a new one took its place",
    }
    play.stopped("worker/0")
    assert play.last("ending")["cause"]["kind"] == "node-lost"


def test_a_range_that_shrinks_goes_on_without_using_a_restart():
    play = shrinkable()
    play.gone("worker/2")
    play.wait(5.0)
    play.stopped("worker/0", "worker/1")
    assert (play.phase, play.last("restarting")["restarts"]) == ("gathering", 0)
    play.wait(3.0)
    assert play.last("assigned")["nodes"] == {"worker/0": [0], "worker/1": [1]}


def test_a_range_below_its_minimum_uses_one():
    play = Play(elastic(2, 3))
    play.hello("worker/0", "worker/1")
    play.wait(60.0)
    play.gone("worker/1")
    play.wait(5.0)
    play.stopped("worker/0")
    assert play.last("ending")["cause"]["kind"] == "node-lost"


def test_a_failed_rank_uses_one_also_within_a_range():
    play = shrinkable(max_restarts=0)
    play.exited("worker/0", 1)
    play.stopped("worker/0", "worker/1", "worker/2")
    assert play.last("ending")["state"] == "failed"


def test_after_a_failed_rank_nobody_waits_for_nodes_that_were_not_there_before():
    play = Play(elastic(1, 3), max_restarts=1)
    play.hello("worker/0", "worker/1")
    play.wait(60.0)
    play.exited("worker/0", 1)
    play.stopped("worker/0", "worker/1")
    assert play.last("assigned")["generation"] == 2, "not a second later"


def test_a_node_that_says_goodbye_uses_none():
    play = two(max_restarts=0)
    play.of(m.Bye, "worker/1", "asked to leave")
    lost = play.last("node-lost")
    assert (lost["reason"], lost["left"]) == ("asked to leave", True)
    play.stopped("worker/0", "worker/1")
    play.gone("worker/1")
    restarting = play.last("restarting")
    assert (restarting["restarts"], restarting["cause"]["kind"]) == (0, "node-left")
    play.wait(20.0)
    assert play.phase == "gathering", "it leaves: it is no part of the next generation"
    play.reborn("worker/1")
    assert play.last("assigned")["generation"] == 2


def test_a_node_whose_ranks_have_finished_may_go():
    play = two(max_restarts=0)
    play.exited("worker/1")
    play.gone("worker/1")
    play.wait(5.0)
    assert play.phase == "running"
    play.reborn("worker/1")
    assert play.told("worker/1") == [], "its work is done"
    play.exited("worker/0")
    assert play.last("ending")["state"] == "succeeded"


def test_a_node_that_comes_back_before_it_is_missed_goes_on():
    play = two(max_restarts=0)
    play.gone("worker/1")
    play.wait(4.0)
    play.hello("worker/1", phase="running", generation=1)
    assert (play.phase, play.sent, play.said) == ("running", [], [])


def test_an_assignment_lost_with_its_connection_is_given_again():
    play = two()
    play.gone("worker/1")
    play.hello("worker/1")
    assert play.told("worker/1") == ["assign"]


def test_what_was_lost_with_a_connection_is_learned_from_hello():
    play = two(max_restarts=0)
    play.gone("worker/1")
    play.hello("worker/1", phase="running", generation=1, exits={0: 0})
    assert play.last("rank-exited")["rank"] == 1
    play.exited("worker/0")
    assert play.last("ending")["state"] == "succeeded"


def test_a_failure_lost_with_a_connection_is_learned_from_hello():
    play = two(max_restarts=0)
    record = {"kind": "rank-failed", "rank": 1, "node": "worker/1", "time": play.now, "code": 7}
    play.gone("worker/1")
    play.hello("worker/1", phase="running", generation=1, exits={0: 7}, failures=(record,))
    assert play.last("rank-failed")["failure"] == record
    assert play.phase == "stopping"


def test_a_node_that_stopped_by_itself_begins_again_with_all():
    play = two(max_restarts=0)
    play.gone("worker/1")
    play.hello("worker/1", phase="idle", generation=1)
    assert play.told("worker/0") == ["stop"]


@pytest.mark.parametrize(
    "late",
    [
        m.Running("worker/1", "001", 1),
        m.Exited("worker/1", "001", 1, 0, 1, {"kind": "rank-failed", "rank": 1, "time": 0.0}),
        m.Exited("worker/1", "001", 2, 5, 0),
        m.Stopped("worker/1", "001", 1, (9,)),
        m.Exited("worker/1", "000", 2, 0, 1, {"kind": "rank-failed", "rank": 1, "time": 0.0}),
        m.Gone("worker/1", "000"),
        m.Bye("worker/9", "001", "who?"),
    ],
)
def test_words_of_an_older_generation_or_agent_change_nothing(late):
    play = two(max_restarts=1)
    play.exited("worker/0", 1)
    play.stopped("worker/0", "worker/1")
    play.forget()
    before = play.state
    play.feed(late)
    assert (play.sent, play.said) == ([], [])
    assert play.state == before


def test_running_that_arrives_after_stopped_does_not_bring_it_back():
    play = two()
    play.exited("worker/0", 1)
    play.stopped("worker/1")
    play.running("worker/1")
    play.stopped("worker/0")
    assert play.last("assigned")["generation"] == 2


def test_a_new_coordinator_goes_on_from_the_history_and_uses_a_restart():
    play = Play(
        fixed(2), max_restarts=3, history=History(generation=4, restarts=1, state="running")
    )
    play.hello("worker/0")
    play.hello("worker/1", phase="running", generation=4, restarts=1)
    assert play.told("worker/1") == ["stop"]
    play.feed(m.Stopped("worker/1", "001", 4, (1,)))
    assert play.last("assigned")["generation"] == 5
    restarting = play.last("restarting")
    assert restarting["restarts"] == 2
    assert restarting["cause"]["message"].startswith("its agent died, and the coordinator")
    assert play.last("node-lost")["node"] == "worker/0"


def test_a_new_coordinator_without_a_restart_left_ends_the_run():
    play = Play(fixed(1), history=History(generation=1, state="running"))
    play.hello("worker/0")
    assert play.last("ending")["cause"]["kind"] == "node-lost"


def test_a_role_that_is_not_awaited_still_restarts_the_run_when_it_fails():
    play = Play(fixed(1), RoleShape("ps", 1, 1, completes=False), max_restarts=1)
    play.hello("worker/0", "ps/0")
    play.exited("ps/0", 1)
    play.stopped("ps/0", "worker/0")
    assert play.last("assigned")["generation"] == 2
