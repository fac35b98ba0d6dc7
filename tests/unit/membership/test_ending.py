"""How a run ends: decided once, told to all, finished when nothing runs."""

from __future__ import annotations

import pytest

from rankzero.agent import membership as m
from rankzero.agent.config import Limits, RoleShape
from rankzero.agent.events import Event
from rankzero.agent.history import fold

from .play import LIMITS, Play, elastic, fixed


def begun(*roles: RoleShape, max_restarts: int = 0, limits: Limits = LIMITS) -> Play:
    play = Play(*roles, max_restarts=max_restarts, limits=limits)
    play.hello(*(f"{role.name}/{i}" for role in roles for i in range(role.maximum)))
    play.wait(10.0)
    play.forget()
    return play


def test_success_is_every_rank_that_is_awaited():
    play = begun(fixed(2))
    play.exited("worker/0")
    assert play.phase == "running"
    play.exited("worker/1")
    outcome = {"state": "succeeded", "cause": None, "exit_code": 0, "generation": 1}
    assert play.said[-1] == ("ending", outcome)
    message = {"type": "outcome", "outcome": outcome, "grace": 5.0}
    assert play.sent == [("worker/0", message), ("worker/1", message)]


def test_every_rank_of_a_node_counts():
    play = Play(fixed(1))
    play.hello("worker/0", nproc=2)
    play.exited("worker/0", local=0)
    assert play.phase == "running"
    play.exited("worker/0", local=1)
    assert play.last("ending")["state"] == "succeeded"


def test_roles_that_are_not_awaited_are_told_to_end():
    play = begun(fixed(1), RoleShape("ps", 1, 1, completes=False))
    play.exited("worker/0")
    assert play.told("ps/0") == ["outcome"]
    play.acked("worker/0")
    assert play.phase == "ending"
    play.acked("ps/0")
    assert play.kinds()[-1] == "finished"


def test_it_is_finished_when_all_know_and_only_then_they_leave():
    play = begun(fixed(2))
    play.exited("worker/0")
    play.exited("worker/1")
    play.acked("worker/0")
    assert "finished" not in play.kinds()
    assert "leave" not in play.told("worker/0")
    play.acked("worker/1")
    assert play.last("finished") == play.last("ending")
    assert play.told("worker/1")[-1] == "leave"


def test_a_node_that_does_not_answer_is_waited_for_so_long():
    play = begun(fixed(2))
    play.exited("worker/0")
    play.exited("worker/1")
    play.acked("worker/0")
    play.wait(14.0)
    assert play.phase == "ending"
    play.wait(1.0)
    assert play.kinds()[-1] == "finished"


def test_a_node_whose_connection_was_cut_may_come_back_to_hear_it():
    play = begun(fixed(2))
    play.exited("worker/0")
    play.exited("worker/1")
    play.gone("worker/1")
    play.acked("worker/0")
    assert play.phase == "ending"
    play.hello("worker/1", phase="running", generation=1)
    assert play.told("worker/1") == ["outcome", "outcome"]
    play.acked("worker/1")
    assert play.kinds()[-1] == "finished"


def test_who_comes_after_the_end_is_told_and_leaves():
    play = begun(elastic(1, 2))
    play.gone("worker/1")
    play.exited("worker/0")
    play.exited("worker/1")
    play.wait(20.0)
    assert play.phase == "over"
    assert m.deadline(play.state) is None
    play.forget()
    play.hello("worker/1")
    play.acked("worker/1")
    assert play.told("worker/1") == ["outcome", "leave"]
    assert play.said[1:] == [], "it joined, and nothing else is new"


def test_a_node_that_cannot_run_the_job_fails_it_whatever_restarts_are_left():
    play = begun(fixed(2), max_restarts=9)
    record = {"kind": "refused", "node": "worker/1", "rank": None, "time": 1.0, "message": "no"}
    play.of(m.Refused, "worker/1", record)
    assert play.last("ending")["cause"] == record


def test_a_refusal_before_all_are_here_waits_a_moment_for_those_who_dial():
    play = Play(fixed(2))
    play.hello("worker/0")
    play.of(m.Refused, "worker/0", {"kind": "refused", "node": "worker/0", "message": "no"})
    play.acked("worker/0")
    assert play.phase == "ending"
    play.hello("worker/1")
    assert play.told("worker/1") == ["outcome"]
    play.acked("worker/1")
    play.gone("worker/1")
    assert play.phase == "over"


# -- leaving


def leavers(play: Play) -> list[tuple[str, int]]:
    return [(key, said["code"]) for key, said in play.sent if said["type"] == "leave"]


def failing(count: int, rank: int, limits: Limits = LIMITS) -> Play:
    """A run of so many nodes that has failed with this rank, and everybody knows."""
    play = begun(fixed(count), limits=limits)
    play.exited(f"worker/{rank}", 3)
    everybody = [f"worker/{i}" for i in range(count)]
    play.stopped(*everybody)
    play.acked(*everybody)
    return play


def test_the_coordinator_leaves_last_and_fails_the_job():
    play = failing(3, rank=1)
    assert leavers(play) == [("worker/1", 0), ("worker/2", 0)]
    play.gone("worker/1")
    assert play.phase == "leaving"
    play.gone("worker/2")
    assert leavers(play)[2:] == [("worker/0", 94)]
    assert play.phase == "over"


def test_the_coordinator_of_a_failed_run_stays_alone_until_the_others_ends_were_seen():
    play = failing(2, rank=1, limits=LIMITS._replace(apart=5.0))
    play.gone("worker/1")
    assert (play.phase, leavers(play)) == ("alone", [("worker/1", 0)])
    play.wait(4.0)
    assert leavers(play)[1:] == []
    play.wait(1.0)
    assert leavers(play)[1:] == [("worker/0", 94)]


def test_after_a_success_nobody_stays_alone():
    play = decided(LIMITS._replace(apart=5.0))
    play.acked("worker/0", "worker/1")
    play.gone("worker/1")
    assert leavers(play) == [("worker/1", 0), ("worker/0", 0)]


def test_a_run_of_one_node_has_nobody_to_wait_for():
    play = failing(1, rank=0, limits=LIMITS._replace(apart=5.0))
    assert leavers(play) == [("worker/0", 94)]


def test_one_that_dials_again_while_the_coordinator_is_alone_is_let_go():
    play = failing(2, rank=0, limits=LIMITS._replace(apart=20.0))
    play.wait(5.0)
    assert play.phase == "alone", "worker/1 was not seen to leave"
    play.forget()
    play.hello("worker/1")
    play.acked("worker/1")
    assert leavers(play) == [("worker/1", 0)]


def test_after_a_success_the_coordinator_leaves_last_and_all_leave_as_done():
    play = decided()
    play.acked("worker/0", "worker/1")
    assert leavers(play) == [("worker/1", 0)]
    play.gone("worker/1")
    assert leavers(play) == [("worker/1", 0), ("worker/0", 0)]


def test_one_that_does_not_leave_keeps_the_last_ones_only_so_long():
    play = failing(2, rank=0)
    play.wait(4.0)
    assert leavers(play) == [("worker/1", 0)]
    play.wait(1.0)
    assert leavers(play)[1:] == [("worker/0", 94)]


def test_one_that_dials_again_while_the_others_leave_is_let_go_as_well():
    play = failing(3, rank=0)
    play.gone("worker/1")
    play.forget()
    play.hello("worker/1")
    play.acked("worker/1")
    assert leavers(play) == [("worker/1", 0)]
    play.gone("worker/1")
    play.gone("worker/2")
    assert leavers(play)[1:] == [("worker/0", 94)]


def test_one_that_is_cut_off_when_all_leave_may_come_back_for_it():
    play = begun(fixed(3))
    play.exited("worker/0", 3)
    play.stopped("worker/0", "worker/1", "worker/2")
    play.acked("worker/1", "worker/2")
    play.gone("worker/1")
    play.acked("worker/0")
    play.gone("worker/2")
    assert play.phase == "leaving", "worker/1 may not have heard it"
    play.forget()
    play.hello("worker/1")
    play.acked("worker/1")
    play.gone("worker/1")
    assert leavers(play) == [("worker/1", 0), ("worker/0", 94)]


def test_nobody_leaves_while_somebody_looks():
    play = begun(fixed(2))
    play.feed(m.Watched(True))
    play.exited("worker/0")
    play.exited("worker/1")
    play.acked("worker/0", "worker/1")
    assert (play.kinds()[-1], play.phase, leavers(play)) == ("finished", "lingering", [])
    play.feed(m.Watched(False))
    assert leavers(play) == [("worker/1", 0)]


def test_whoever_may_come_is_expected_until_somebody_has_got_everything():
    play = decided(LIMITS._replace(expect=100.0))
    play.acked("worker/0", "worker/1")
    play.wait(20.0)
    assert leavers(play) == []
    play.feed(m.Watched(True))
    play.wait(5.0)
    assert leavers(play) == []
    play.feed(m.Watched(False))
    play.wait(1.0)
    assert leavers(play) == [], "they only looked"
    play.feed(m.Released())
    play.gone("worker/1")
    assert leavers(play) == [("worker/1", 0), ("worker/0", 0)]


def test_nobody_is_expected_for_ever():
    play = decided(LIMITS._replace(expect=100.0))
    play.acked("worker/0", "worker/1")
    play.wait(30.0)
    assert leavers(play) == [("worker/1", 0)], "its devices are free"
    play.gone("worker/1")
    play.wait(100.0)
    assert leavers(play)[1:] == [("worker/0", 0)]


def test_who_looks_for_too_long_is_left():
    play = begun(fixed(2))
    play.feed(m.Watched(True))
    play.exited("worker/0")
    play.exited("worker/1")
    play.acked("worker/0", "worker/1")
    play.wait(29.0)
    assert leavers(play) == []
    play.wait(1.0)
    assert leavers(play) == [("worker/1", 0)], "its devices are free; the coordinator stays"
    play.gone("worker/1")
    play.wait(LIMITS.linger - 1.0)
    assert play.phase == "leaving"
    play.wait(1.0)
    assert leavers(play)[1:] == [("worker/0", 0)]


# -- on request


@pytest.mark.parametrize("grace", [None, 1.5])
def test_a_run_stops_on_request(grace):
    play = begun(fixed(2))
    play.feed(m.StopRun("Ctrl-C", grace))
    assert play.said == [("stop-requested", {"by": "Ctrl-C", "grace_s": grace})]
    given = 5.0 if grace is None else grace
    stop = {"type": "stop", "generation": 1, "grace": given, "again": False}
    assert play.sent == [("worker/0", stop), ("worker/1", stop)]
    play.stopped("worker/0", "worker/1")
    ending = play.last("ending")
    assert (ending["state"], ending["cause"], ending["exit_code"]) == ("stopped", None, 1)


def test_who_asks_twice_is_in_a_hurry():
    play = begun(fixed(1))
    play.feed(m.StopRun("Ctrl-C"))
    play.feed(m.StopRun("Ctrl-C", 0.0))
    assert [message["grace"] for _, message in play.sent] == [5.0, 0.0]
    assert play.kinds() == ["stop-requested"]


def test_a_run_that_waits_for_nodes_stops_at_once():
    play = Play(fixed(2))
    play.hello("worker/0")
    play.feed(m.StopRun("Ctrl-C"))
    assert play.last("ending")["state"] == "stopped"


def test_what_an_earlier_coordinator_left_running_is_ended_before_the_run_counts_as_stopped():
    play = Play(fixed(2))
    play.hello("worker/0", phase="running", generation=2)
    play.feed(m.StopRun("Ctrl-C", 0.0))
    assert [message["grace"] for _, message in play.sent] == [5.0, 0.0]
    assert "ending" not in play.kinds()
    play.feed(m.Stopped("worker/0", "001", 2, (1,)))
    assert play.last("ending")["state"] == "stopped"


def test_a_stopped_run_keeps_the_cause_that_was_there_before():
    play = begun(fixed(2), max_restarts=5)
    play.exited("worker/1", 3)
    play.feed(m.StopRun("Ctrl-C"))
    play.stopped("worker/0", "worker/1")
    ending = play.last("ending")
    assert (ending["state"], ending["cause"]["node"]) == ("stopped", "worker/1")


def test_a_request_after_the_outcome_changes_nothing():
    play = begun(fixed(1))
    play.exited("worker/0")
    play.feed(m.StopRun("too late"))
    play.acked("worker/0")
    assert play.last("finished")["state"] == "succeeded"
    assert "stop-requested" not in play.kinds()


# -- an outcome never changes


def test_an_outcome_that_a_node_knows_is_everybodys():
    """The coordinator that decided is gone; its history too."""
    known = {"state": "succeeded", "cause": None, "exit_code": 0, "generation": 3}
    play = Play(fixed(3))
    play.hello("worker/0")
    play.hello("worker/1", phase="running", generation=3)
    play.forget()
    play.hello("worker/2", generation=3, outcome=known)
    assert play.last("ending") == known
    assert [key for key, message in play.sent if message["type"] == "outcome"][:2] == [
        "worker/0",
        "worker/1",
    ]
    play.acked("worker/0", "worker/1", "worker/2")
    assert play.last("finished") == known


def history(play: Play):
    return fold([Event(i + 1, play.now, kind, data) for i, (kind, data) in enumerate(play.said)])


def decided(limits: Limits = LIMITS) -> Play:
    play = Play(fixed(2), limits=limits)
    play.hello("worker/0", "worker/1")
    play.exited("worker/0")
    play.exited("worker/1")
    return play


def test_a_decision_outlives_its_coordinator():
    before = decided()
    play = Play(fixed(2), history=history(before))
    play.hello("worker/0")
    assert play.told("worker/0") == ["outcome"]
    play.acked("worker/0")
    assert play.phase == "ending", "worker/1 has a moment to dial again"
    play.hello("worker/1", generation=1, phase="running")
    play.acked("worker/1")
    assert play.kinds() == ["node-joined", "node-joined", "finished"]
    assert play.last("finished") == before.last("ending")


def test_a_node_that_never_dials_again_does_not_hold_up_the_end():
    play = Play(fixed(2), history=history(decided()))
    play.hello("worker/0")
    play.acked("worker/0")
    play.wait(5.0)
    assert play.kinds()[-1] == "finished"


def test_a_history_is_finished_once():
    before = decided()
    before.acked("worker/0", "worker/1")
    play = Play(fixed(2), history=history(before))
    play.hello("worker/0", "worker/1")
    play.acked("worker/0", "worker/1")
    play.gone("worker/1")
    assert play.phase == "over"
    assert "finished" not in play.kinds()
    assert play.told("worker/1") == ["outcome", "leave"]


def test_a_request_to_stop_outlives_its_coordinator():
    before = begun(fixed(1))
    before.feed(m.StopRun("Ctrl-C"))
    play = Play(fixed(1), history=history(before))
    play.feed(m.Tick())
    assert play.last("ending")["state"] == "stopped"
