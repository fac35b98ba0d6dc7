"""What follows from the state: one function a phase."""

from typing import Callable, Dict, List, Tuple

from rankzero.agent import events as ev
from rankzero.agent.membership import events as on
from rankzero.agent.membership import failure
from rankzero.agent.membership.state import (
    ACK_WAIT,
    LEAVE_WAIT,
    REGROUP_WAIT,
    WAIT_UNSAID,
    State,
    busy,
    connected,
    enough,
    expected,
    failed,
    finished_on,
    grace,
    here_to_leave,
    leaves_last,
    patience,
    ranks_on,
    ready,
    settled,
    succeeded,
    unfinished,
)
from rankzero.agent.membership.turn import Turn
from rankzero.contracts.topology import Topology


def advance(turn: Turn) -> None:
    """Let the phase draw its conclusions until nothing changes any more."""
    while True:
        before = turn.state.phase
        _PHASES[before](turn)
        if turn.state.phase == before:
            return


def gather(turn: Turn) -> None:
    """Wait for nodes, and for those that still run ranks of an earlier generation."""
    state = turn.state
    if busy(state):
        turn.give_up_on_stuck()
        return
    if state.stop_by is not None:
        turn.decide(ev.STOPPED, None)
        return
    keys = ready(state)
    waited = turn.now >= state.since + state.wait
    if len(keys) == len(expected(state)) or (waited and enough(state, keys)):
        begin(turn, keys)
    elif turn.now >= state.since + state.limits.join_wait:
        absent = [key for key in expected(state) if key not in keys]
        turn.decide(ev.FAILED, failure.missing(absent, state.limits.join_wait, turn.now))
    else:
        say_waiting(turn, keys)


def say_waiting(turn: Turn, keys: List[str]) -> None:
    absent = tuple(key for key in expected(turn.state) if key not in keys)
    since = turn.state.since
    if turn.now >= since + WAIT_UNSAID and absent != turn.state.said_waiting:
        turn.set(said_waiting=absent)
        turn.emit(ev.WAITING, nodes=list(absent), until=since + turn.state.limits.join_wait)


def begin(turn: Turn, keys: List[str]) -> None:
    """Assign the next generation to these nodes."""
    if turn.state.inherited:
        first = expected(turn.state)[0]
        reason = "its agent died, and the coordinator with it; a new one took its place"
        turn.emit(ev.NODE_LOST, node=first, reason=reason)
        if not spend(turn, failure.lost(first, turn.now, reason, ())):
            return
    state = turn.state
    generation = max(state.generation, state.newest) + 1
    nodes = tuple(state.members[key].node for key in keys)
    topology = Topology(state.settings, generation, state.restarts, nodes)
    turn.set(
        phase="running",
        since=turn.now,
        generation=generation,
        newest=generation,
        roster=tuple(keys),
        topology=topology,
        results={},
        failures=(),
        inherited=False,
        said_waiting=(),
        said_running=False,
    )
    turn.emit(
        ev.ASSIGNED,
        generation=generation,
        restarts=state.restarts,
        world_size=topology.world_size,
        nodes={key: ranks_on(turn.state, key) for key in keys},
    )
    for key in keys:
        turn.assign(turn.state.members[key])


def run(turn: Turn) -> None:
    state = turn.state
    if state.failures:
        turn.stop_ranks()
    elif succeeded(state):
        turn.decide(ev.SUCCEEDED, None)
    elif could_grow(state) or idles(state):
        turn.stop_ranks()
    elif not state.said_running:
        phases = [state.members[key].phase for key in state.roster if key in state.members]
        if all(phase == "running" for phase in phases):
            turn.set(said_running=True)
            turn.emit(ev.RUNNING, generation=state.generation)


def could_grow(state: State) -> bool:
    """A node outside the roster is ready: the generation is smaller than was asked for.

    Once a rank has finished its work, a larger generation would only do it again.
    """
    return not state.results and any(key not in state.roster for key in ready(state))


def idles(state: State) -> bool:
    """A node has stopped its ranks of this generation although nobody here asked for it."""
    return any(
        key in state.roster
        and state.members[key].generation == state.generation
        and not finished_on(state, key)
        for key in ready(state)
    )


def stop(turn: Turn) -> None:
    """All ranks are asked to end; go on when no node that may come back runs any."""
    state = turn.state
    here = [state.members[key] for key in state.roster if key in state.members]
    if any(member.phase != "idle" for member in here):
        turn.give_up_on_stuck()
        return
    cause = failure.root(state.failures, unfinished(state))
    if state.stop_by is not None:
        turn.decide(ev.STOPPED, cause)
        return
    elastic, wait = regroup(state)
    asked_for = cause is None or (elastic and cause["kind"] != "rank-failed")
    if cause is not None and not spend(turn, cause, free=asked_for):
        return
    turn.set(phase="gathering", since=turn.now, wait=wait, roster=(), topology=None)


def regroup(state: State) -> Tuple[bool, float]:
    """Whether those who are left are enough, and how long the others are waited for then."""
    lost = {one.get("node") for one in state.failures if one["kind"] != "rank-failed"}
    if not enough(state, [key for key in ready(state) if key not in lost]):
        return False, state.limits.join_wait
    alone = bool(state.failures) and not lost
    return True, 0.0 if alone else min(REGROUP_WAIT, state.limits.join_wait)


def spend(turn: Turn, cause: on.Record, free: bool = False) -> bool:
    """Use one restart for this cause; without any left the run has failed."""
    state = turn.state
    counted = not (free or cause["kind"] == "node-left")
    if counted and state.restarts >= state.settings.max_restarts:
        turn.decide(ev.FAILED, cause)
        return False
    turn.set(restarts=state.restarts + int(counted), inherited=False)
    turn.emit(
        ev.RESTARTING,
        generation=max(state.generation, state.newest) + 1,
        restarts=turn.state.restarts,
        max_restarts=state.settings.max_restarts,
        cause=dict(cause),
    )
    return True


def end(turn: Turn) -> None:
    """Wait until every node that can be reached knows the outcome, and runs nothing."""
    state = turn.state
    overdue = turn.now >= state.since + grace(state) + ACK_WAIT
    known = settled(state) and all(member.acked for member in state.members.values())
    if not (known or overdue):
        return
    assert state.outcome is not None
    turn.set(phase="lingering", since=turn.now)
    if not state.recorded:
        turn.set(recorded=True)
        turn.emit(ev.FINISHED, **dict(state.outcome))


def linger(turn: Turn) -> None:
    """Stay for those who look: a node that has left can tell its last lines to nobody."""
    state = turn.state
    if turn.now < state.since + min(patience(state), state.limits.others):
        return
    turn.set(phase="leaving", since=turn.now)
    for member in list(state.members.values()):
        if not leaves_last(state, member.key):
            turn.leave(member)


def leave(turn: Turn) -> None:
    """Wait until all others have left, and for those who fetch what is left."""
    state = turn.state
    if here_to_leave(state) and turn.now < state.since + LEAVE_WAIT:
        return
    if turn.now < state.since + patience(state):
        return
    turn.set(phase="alone", since=turn.now)


def stay(turn: Turn) -> None:
    """Before a failed run fails its Job, give the platform time to see that the others ended."""
    state = turn.state
    others = len(expected(state)) > 1
    if failed(state) and others and turn.now < state.since + state.limits.apart:
        return
    turn.set(phase="over")
    for member in list(state.members.values()):
        if connected(member) and leaves_last(state, member.key):
            turn.leave(member)


def over(turn: Turn) -> None:
    """Nothing is left to decide."""


_PHASES: Dict[str, Callable[[Turn], None]] = {
    "gathering": gather,
    "running": run,
    "stopping": stop,
    "ending": end,
    "lingering": linger,
    "leaving": leave,
    "alone": stay,
    "over": over,
}
