"""Who counts as lost, when, and what becomes of those who come back."""

from __future__ import annotations

import pytest

from rankzero.agent import membership as m
from rankzero.agent.membership import failure

from .play import Play, elastic, fixed


def three() -> Play:
    play = Play(fixed(3), max_restarts=1)
    play.hello("worker/0", "worker/1", "worker/2")
    play.running("worker/0", "worker/1", "worker/2")
    play.forget()
    return play


def test_five_missed_heartbeats_are_a_loss():
    play = three()
    play.wait(9.0, silent=("worker/1",))
    assert play.phase == "running"
    play.wait(1.0, silent=("worker/1",))
    assert play.last("node-lost") == {"node": "worker/1", "reason": "no sign of life for 10 s"}
    assert play.cut == ["001"], "it has to say hello again"


def test_a_loss_dates_from_the_last_sign_of_life():
    play = three()
    play.wait(10.0, silent=("worker/1",))
    assert [one["time"] for one in play.state.failures] == [play.now - 10.0]


def test_a_cut_connection_has_half_the_time():
    play = three()
    play.gone("worker/1")
    play.wait(4.0)
    assert play.phase == "running"
    play.wait(1.0)
    reason = play.last("node-lost")["reason"]
    assert reason == "its connection was cut and did not come back"


def test_one_that_was_lost_comes_back_and_takes_part_again():
    """Nobody replaces an agent that lives: refusing it would leave its place empty."""
    play = three()
    play.wait(10.0, silent=("worker/1",))
    play.stopped("worker/0", "worker/2")
    play.forget()
    play.hello("worker/1", phase="running", generation=1)
    assert play.told("worker/1") == ["stop"]
    play.stopped("worker/1")
    assert play.last("assigned")["generation"] == 2


def test_an_older_agent_is_fenced_while_the_newer_is_here():
    play = three()
    play.reborn("worker/1")
    play.forget()
    play.births["worker/1"] = 1
    play.hello("worker/1", phase="running", generation=1)
    assert play.sent == [("worker/1", {"type": "fenced"})]
    assert play.state.members["worker/1"].incarnation == "002"


def test_an_older_agent_is_fenced_also_when_the_newer_was_lost():
    play = three()
    play.reborn("worker/1")
    play.gone("worker/1")
    play.wait(5.0)
    play.forget()
    play.births["worker/1"] = 1
    play.hello("worker/1")
    assert play.sent == [("worker/1", {"type": "fenced"})]
    assert "worker/1" not in play.state.members


def test_the_loss_of_one_that_is_not_needed_is_no_failure():
    play = Play(elastic(1, 2))
    play.hello("worker/0")
    play.wait(60.0)
    play.exited("worker/0")
    play.hello("worker/1")
    play.forget()
    play.wait(9.0, silent=("worker/1",))
    assert "node-lost" not in play.kinds()


def test_a_coordinator_that_was_held_up_blames_nobody():
    play = three()
    play.now += 300.0
    play.feed(m.Tick())
    assert (play.phase, play.said) == ("running", [])
    play.wait(7.0, silent=("worker/1",))
    assert play.phase == "running"
    play.wait(1.0, silent=("worker/1",))
    assert play.last("node-lost")["node"] == "worker/1"


@pytest.mark.parametrize("phase", ["gathering", "running", "stopping", "ending"])
def test_silence_is_noticed_without_anybody_speaking(phase):
    """The machine names its next deadline itself; following only those must be enough."""
    play = Play(fixed(2), max_restarts=1)
    play.hello("worker/0")
    if phase != "gathering":
        play.hello("worker/1")
    if phase == "stopping":
        play.exited("worker/0", 1)
    if phase == "ending":
        play.exited("worker/0")
        play.exited("worker/1")
    assert play.phase == phase
    for _ in range(100):
        when = m.deadline(play.state)
        if when is None or not play.state.members:
            break
        play.now = when
        play.feed(m.Tick())
    assert play.state.members == {} or play.phase == "over"


def test_a_wait_that_has_passed_wants_no_more_ticks_of_its_own():
    """Enough nodes were there, then one left: the short wait is over, the long one is not."""
    play = Play(elastic(2, 3), max_restarts=1)
    play.hello("worker/0", "worker/1", "worker/2")
    play.of(m.Bye, "worker/2", "asked to leave")
    play.stopped("worker/0", "worker/1", "worker/2")
    assert play.state.wait == 3.0
    for key in ("worker/0", "worker/1", "worker/2"):
        play.gone(key)
    play.wait(20.0)
    assert play.state.members == {}
    assert m.deadline(play.state) == play.state.since + 60.0


def test_a_lost_node_s_failure_has_what_its_last_heartbeat_said_of_its_memory():
    play = three()
    play.of(m.Beat, "worker/1", {"used": 5, "peak": 90, "limit": 100, "killed": 0, "cpu": 1.5})
    play.wait(12.0, silent=("worker/1",))
    (lost,) = [one for one in play.state.failures if one["kind"] == "node-lost"]
    assert lost["memory"] == {"used": 5, "peak": 90, "limit": 100, "killed": 0}


def test_a_node_that_does_not_count_its_memory_has_none_in_its_failure():
    assert "memory" not in failure.lost("worker/1", 1.0, "gone", ())
