"""How a generation begins: who is waited for, for how long, and what they are told."""

from __future__ import annotations

import pytest

from rankzero.agent import membership as m
from rankzero.agent.config import RoleShape
from rankzero.contracts.topology import Topology

from .play import Play, elastic, fixed


def topology(play: Play) -> Topology:
    _, message = next(one for one in reversed(play.sent) if one[1]["type"] == "assign")
    return Topology.from_json(message["topology"])


def test_it_begins_when_everybody_is_here():
    play = Play(fixed(2))
    play.hello("worker/0")
    assert play.kinds() == ["node-joined"]
    play.hello("worker/1")
    assert play.kinds() == ["node-joined", "node-joined", "assigned"]
    assert play.last("assigned") == {
        "generation": 1,
        "restarts": 0,
        "world_size": 2,
        "nodes": {"worker/0": [0], "worker/1": [1]},
    }
    assert play.told("worker/0") == play.told("worker/1") == ["assign"]


def test_ranks_follow_the_roles_and_numbers_not_the_order_of_arrival():
    play = Play(RoleShape("chief", 1, 1), fixed(2))
    play.hello("worker/1", nproc=2)
    play.hello("worker/0", "chief/0")
    assert play.last("assigned")["nodes"] == {"chief/0": [0], "worker/0": [1], "worker/1": [2, 3]}
    places = {key: message["node_rank"] for key, message in play.sent}
    assert places == {"chief/0": 0, "worker/0": 1, "worker/1": 2}


def test_every_node_gets_the_same_topology():
    play = Play(fixed(3), max_restarts=4)
    play.hello("worker/0", "worker/1", "worker/2")
    given = [message["topology"] for _, message in play.sent]
    assert given[0] == given[1] == given[2]
    assert topology(play).settings.max_restarts == 4


def test_ports_are_those_that_the_node_announced_last():
    play = Play(fixed(2), max_restarts=1)
    play.hello("worker/0", ports=(41, 42))
    play.hello("worker/1", ports=(51, 52))
    assert topology(play).master_port == 41
    play.exited("worker/1", 1)
    play.stopped("worker/1", ports=(53, 54))
    play.stopped("worker/0", ports=(43, 44))
    assert [node.ports for node in topology(play).nodes] == [(43, 44), (53, 54)]
    assert topology(play).generation == 2


def test_running_is_said_once_all_run():
    play = Play(fixed(2))
    play.hello("worker/0", "worker/1")
    play.running("worker/0")
    assert "running" not in play.kinds()
    play.running("worker/1")
    play.running("worker/1")
    assert play.kinds().count("running") == 1


def test_who_is_waited_for_is_said_after_a_second_and_when_it_changes():
    play = Play(fixed(3))
    play.hello("worker/1")
    assert "waiting" not in play.kinds()
    play.wait(1.0)
    assert play.last("waiting") == {"nodes": ["worker/0", "worker/2"], "until": 160.0}
    play.wait(5.0)
    assert play.kinds().count("waiting") == 1
    play.hello("worker/0")
    assert play.last("waiting")["nodes"] == ["worker/2"]


@pytest.mark.parametrize("keys", [("worker/0",), ("worker/2",), ("worker/0", "worker/2")])
def test_the_minimum_begins_after_the_waiting_time(keys):
    play = Play(elastic(1, 3))
    play.hello(*keys)
    play.wait(59.0)
    assert play.phase == "gathering"
    play.wait(1.0)
    assert play.last("assigned")["nodes"] == {key: [rank] for rank, key in enumerate(keys)}


def test_fewer_than_the_minimum_fail_after_the_waiting_time():
    play = Play(elastic(2, 3))
    play.hello("worker/1")
    play.wait(60.0)
    cause = play.last("ending")["cause"]
    assert cause["kind"] == "nodes-missing"
    assert cause["nodes"] == ["worker/0", "worker/2"]
    assert "worker/0, worker/2 did not come within 60 s" in cause["message"]


def test_every_role_needs_its_own_minimum():
    play = Play(elastic(1, 2), RoleShape("ps", 1, 1, completes=False))
    play.hello("worker/0", "worker/1")
    play.wait(60.0)
    assert play.last("ending")["cause"]["nodes"] == ["ps/0"]


def test_a_late_node_makes_the_generation_grow_and_uses_no_restart():
    play = Play(elastic(1, 2))
    play.hello("worker/0")
    play.wait(60.0)
    play.running("worker/0")
    play.hello("worker/1")
    assert play.told("worker/0") == ["assign", "stop"]
    play.stopped("worker/0")
    assert play.last("assigned") == {
        "generation": 2,
        "restarts": 0,
        "world_size": 2,
        "nodes": {"worker/0": [0], "worker/1": [1]},
    }
    assert "restarting" not in play.kinds()


def test_it_does_not_grow_once_a_rank_has_finished():
    play = Play(elastic(1, 3))
    play.hello("worker/0", "worker/1")
    play.wait(60.0)
    play.exited("worker/0")
    play.hello("worker/2")
    assert play.phase == "running"
    assert play.told("worker/2") == []


@pytest.mark.parametrize("key", ["worker/2", "chief/0", "worker/x", "worker", "worker/-1"])
def test_a_node_that_this_run_does_not_have_is_refused(key):
    play = Play(fixed(2))
    play.hello("worker/0")
    member = play.state.members["worker/0"]
    play.feed(m.Hello(key, "001", member.node))
    assert play.sent == [(key, {"type": "fenced"})]
    assert key not in play.state.members


def test_a_node_that_runs_something_older_is_stopped_first():
    play = Play(elastic(1, 2))
    play.hello("worker/0")
    play.hello("worker/1", phase="running", generation=3)
    assert play.told("worker/1") == ["stop"]
    play.wait(60.0)
    assert play.phase == "gathering", "its ranks are still up: nothing begins beside them"
    play.feed(m.Stopped("worker/1", "001", 3, (1,)))
    assert play.phase != "gathering"


def test_the_next_generation_is_beyond_any_that_a_node_has_seen():
    play = Play(elastic(1, 2), max_restarts=3)
    play.hello("worker/0", generation=2)
    play.hello("worker/1", generation=6, restarts=2)
    assert play.last("assigned")["generation"] == 7
    assert play.last("assigned")["restarts"] == 3


def test_a_node_from_the_future_does_not_confuse_the_generation_that_runs():
    """A node with a high number, of a coordinator whose history is lost, comes in the middle."""
    play = Play(elastic(1, 2), max_restarts=1)
    play.hello("worker/0")
    play.wait(60.0)
    play.hello("worker/1", phase="running", generation=9)
    play.exited("worker/0")
    assert play.last("ending")["state"] == "succeeded"


def test_no_generation_begins_with_a_node_that_cannot_run_the_job():
    play = Play(fixed(2))
    play.hello("worker/0")
    failure = {"kind": "refused", "node": "worker/1", "message": "no backend mpi"}
    play.hello("worker/1", unable=failure)
    assert "assigned" not in play.kinds()
    assert play.told("worker/0") == ["outcome"]
    assert play.last("ending")["cause"] == failure
