"""The simulation can fail: each of these broken machines is found out within a few schedules."""

from __future__ import annotations

import pytest

from rankzero.agent import duty, exits
from rankzero.agent import events as ev
from rankzero.agent import membership as m

from .story import Steps, tell

ENOUGH = 500


def believes_every_exit(state, event, now):
    """Success although a rank failed."""
    if isinstance(event, m.Exited):
        event = event._replace(code=0, failure=None)
    return m.step(state, event, now)


def waits_for_nobody(state, event, now):
    """The next generation begins before the old one is down."""
    if state.phase == "stopping" and isinstance(event, m.Beat):
        members = {key: one._replace(phase="idle") for key, one in state.members.items()}
        state = state._replace(members=members)
    return m.step(state, event, now)


def never_hears_of_the_end(state, event, now):
    """What a node stopped is not taken in, so the next generation never comes."""
    if isinstance(event, m.Stopped):
        event = m.Beat(event.key, event.incarnation)
    return m.step(state, event, now)


def counts_nothing(state, event, now):
    """Restarts without limit."""
    after, actions = m.step(state._replace(restarts=0), event, now)
    return after._replace(restarts=state.restarts + after.restarts), actions


def forgets_generations(state, event, now):
    """A generation's number is used twice."""
    if state.phase == "gathering" and state.generation > 1:
        state = state._replace(generation=1, newest=1)
    return m.step(state, event, now)


def changes_its_mind(state, event, now):
    """An outcome that is known is decided again."""
    if state.phase == "ending" and isinstance(event, m.Acked) and not state.recorded:
        state = state._replace(outcome=dict(state.outcome, state=ev.FAILED, cause={"kind": "x"}))
    return m.step(state, event, now)


def finishes_twice(state, event, now):
    """A history that has its end is ended again."""
    return m.step(state._replace(recorded=False), event, now)


def fences_whom_nobody_replaced(state, event, now):
    """A node that comes back is sent away, and its place stays empty."""
    if isinstance(event, m.Hello) and event.generation and event.key not in state.members:
        state = state._replace(births=dict(state.births, **{event.key: "999"}))
    return m.step(state, event, now)


def all_leave_as_failed(state, event, now):
    """The first node that leaves has the platform end all others."""
    after, actions = m.step(state, event, now)
    return after, [as_failed(action) for action in actions]


def as_failed(action):
    if not isinstance(action, m.Send) or action.message["type"] != "leave":
        return action
    return action._replace(message=dict(action.message, code=exits.RUN_FAILED))


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (believes_every_exit, "success, but rank"),
        (waits_for_nobody, "which is reachable, runs"),
        (never_hears_of_the_end, "stuck"),
        (counts_nothing, "restarts"),
        (forgets_generations, "generations must grow"),
        (changes_its_mind, "the outcome changed"),
        (finishes_twice, "finished twice"),
        (fences_whom_nobody_replaced, "nobody replaced it"),
        (all_leave_as_failed, "ends the Job"),
    ],
)
def test_a_broken_coordinator_is_found_out(broken, found):
    assert found in first_violation(Steps(membership=broken))


def starts_over_the_old(state, event, now):
    """The next generation's ranks start beside those of the last one."""
    if isinstance(event, duty.Told) and event.message["type"] == "assign":
        state = state._replace(phase="idle")
    return duty.step(state, event, now)


def starts_what_was_stopped(state, event, now):
    """A late assignment starts a generation that was already told to end."""
    return duty.step(state._replace(barred=0, generation=0), event, now)


def stays_although_fenced(state, event, now):
    """A replaced agent goes on."""
    if isinstance(event, duty.Told) and event.message["type"] == "fenced":
        return state, []
    return duty.step(state, event, now)


def says_stopped_too_early(state, event, now):
    """The ranks are said to be down while they are only asked to end."""
    after, actions = duty.step(state, event, now)
    if isinstance(event, duty.Told) and event.message["type"] == "stop":
        message = {"type": "stopped", "generation": event.message["generation"], "ports": []}
        actions = [*actions, duty.Tell(message)]
    return after, actions


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (starts_over_the_old, "runs"),
        (starts_what_was_stopped, "starts"),
        (stays_although_fenced, "although fenced"),
        (says_stopped_too_early, "runs"),
    ],
)
def test_a_broken_node_is_found_out(broken, found):
    assert found in first_violation(Steps(duty=broken))


def first_violation(steps: Steps) -> str:
    """The first line of what the first schedule that fails has to say."""
    for seed in range(ENOUGH):
        for rough in (False, True):
            try:
                tell(seed, durable=True, rough=rough, steps=steps)
            except AssertionError as error:
                return str(error).splitlines()[0]
    return "nothing was found"
