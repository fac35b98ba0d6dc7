"""Every way for an agent to go: asked to, fenced, orphaned, or left alone."""

from __future__ import annotations

import pytest

from rankzero.agent import duty, exits

from .node import Node


def test_an_idle_agent_that_is_asked_to_leave_says_bye_and_goes():
    node = Node()
    node.feed(duty.Terminate("asked to leave"))
    assert node.told() == [{"type": "bye", "reason": "asked to leave"}]
    assert node.done[-1] == duty.Leave(exits.LEFT)


def test_a_busy_one_ends_its_ranks_first_and_says_when_they_are_down():
    node = Node().running(1)
    node.feed(duty.Terminate("asked to leave"))
    assert node.done[-1] == duty.StopRanks(30.0)
    node.forget()
    node.feed(duty.AllDown(1, ()))
    assert node.told() == [{"type": "stopped", "generation": 1, "ports": []}]
    assert node.done[-1] == duty.Leave(exits.LEFT)


def test_bye_is_told_to_a_coordinator_that_was_away():
    node = Node().running(1)
    node.feed(duty.Disconnected())
    node.feed(duty.Terminate("asked to leave"))
    node.forget()
    node.feed(duty.Connected())
    assert [message["type"] for message in node.told()] == ["hello", "bye"]


def test_who_leaves_starts_nothing_any_more():
    node = Node().running(1)
    node.feed(duty.Terminate("asked to leave"))
    node.assign(2)
    node.feed(duty.AllDown(1, ()))
    assert node.started() == []


def test_ranks_that_do_not_end_hold_no_agent_for_ever():
    node = Node().running(1)
    node.feed(duty.Terminate("asked to leave"))
    assert duty.deadline(node.state) == node.now + 30.0 + duty.LEAVE_WAIT
    node.tick()
    assert node.done[-1] == duty.Leave(exits.LEFT)


def test_asking_again_does_not_make_it_later():
    node = Node().running(1)
    node.feed(duty.Terminate("asked to leave"))
    when = duty.deadline(node.state)
    node.now += 20.0
    node.feed(duty.Terminate("asked again"))
    assert duty.deadline(node.state) == when
    assert node.state.leaving == "asked to leave"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (duty.Told({"type": "fenced"}), exits.FENCED),
        (duty.Orphaned(), exits.REFUSED),
        (duty.Told({"type": "leave", "code": 0}), exits.DONE),
    ],
)
def test_some_leave_without_grace(event, code):
    node = Node().running(1)
    node.feed(event)
    assert node.done == [duty.StopRanks(0.0)]
    node.assign(2)
    node.feed(duty.AllDown(1, ()))
    assert node.done[-1] == duty.Leave(code)
    assert node.started() == []


def test_who_is_asked_to_leave_after_the_end_leaves_as_done():
    node = Node().running(1)
    node.feed(duty.Told({"type": "outcome", "outcome": {"state": "succeeded"}, "grace": 5.0}))
    node.feed(duty.Terminate("asked to leave"))
    node.feed(duty.AllDown(1, ()))
    assert node.done[-1] == duty.Leave(exits.DONE)


def test_the_coordinators_code_counts_also_for_one_who_was_leaving():
    node = Node().running(1)
    node.feed(duty.Terminate("asked to leave"))
    node.feed(duty.Told({"type": "leave", "code": 0}))
    node.feed(duty.AllDown(1, ()))
    assert node.done[-1] == duty.Leave(exits.DONE)


def test_a_hurry_shortens_a_leave_that_is_under_way_and_keeps_its_code():
    node = Node().running(1)
    node.feed(duty.Terminate("asked to leave"))
    node.feed(duty.Told({"type": "fenced"}))
    assert duty.deadline(node.state) == node.now + duty.LEAVE_WAIT
    node.tick()
    assert node.done[-1] == duty.Leave(exits.LEFT)


def test_without_a_coordinator_it_goes_on_for_a_while_and_then_gives_its_devices_back():
    node = Node().running(1)
    node.now += 50.0
    node.feed(duty.Disconnected())
    assert duty.deadline(node.state) == node.now + 60.0
    node.tick()
    assert node.done == [duty.StopRanks(30.0)]
    node.feed(duty.AllDown(1, ()))
    assert node.done[-1] == duty.Leave(exits.REFUSED)


def test_a_coordinator_that_never_was_counts_from_the_start():
    node = Node()
    assert duty.deadline(node.state) == 160.0
    node.tick()
    assert node.done == [duty.Leave(exits.ALONE)]


def test_leaving_alone_ends_the_ranks_once_and_does_not_spin():
    node = Node().running(1)
    node.feed(duty.Disconnected())
    node.tick()
    node.now += 1.0
    node.feed(duty.Tick())
    assert node.done == [duty.StopRanks(30.0)]
    node.tick()
    assert node.done[-1] == duty.Leave(exits.REFUSED)


def test_a_coordinator_that_returns_hears_why_the_node_goes():
    node = Node().running(1)
    node.feed(duty.Disconnected())
    node.tick()
    node.forget()
    node.feed(duty.Connected())
    assert node.told()[1] == {"type": "bye", "reason": "no coordinator for 60 s"}


def test_with_a_coordinator_there_is_no_deadline():
    node = Node().running(1)
    assert duty.deadline(node.state) is None
    node.now += 10_000.0
    node.feed(duty.Tick())
    assert node.done == []
