"""The machine itself: what is said, then who is silent, then what follows."""

from typing import List, Tuple

from rankzero.agent.config import BEATS_MISSED
from rankzero.agent.membership import events as on
from rankzero.agent.membership.phases import advance
from rankzero.agent.membership.reports import take
from rankzero.agent.membership.state import BEATS_TO_RECONNECT, State
from rankzero.agent.membership.turn import Turn


def step(state: State, event: on.Event, now: float) -> Tuple[State, List[on.Action]]:
    """Take one event in; time is in seconds and never runs backwards."""
    turn = Turn(state, now)
    forgive_own_sleep(turn)
    take(turn, event)
    check_silence(turn)
    advance(turn)
    return turn.state, turn.actions


def forgive_own_sleep(turn: Turn) -> None:
    """Silence counts only while we could have heard: a coordinator that itself was held up
    (a stopped process, a machine without air) must not blame its nodes."""
    beat = turn.state.limits.heartbeat
    slept = turn.now - turn.state.clock - beat
    turn.set(clock=turn.now)
    if slept < beat:
        return
    turn.set(since=turn.state.since + slept)
    for member in turn.state.members.values():
        turn.put(
            member._replace(
                seen=member.seen + slept,
                gone=None if member.gone is None else member.gone + slept,
                kill_by=None if member.kill_by is None else member.kill_by + slept,
            )
        )


def check_silence(turn: Turn) -> None:
    """A peer that is silent, or cut off, for too long is lost."""
    beat = turn.state.limits.heartbeat
    for member in list(turn.state.members.values()):
        if member.gone is not None:
            if turn.now >= member.gone + BEATS_TO_RECONNECT * beat:
                turn.lose(member, "its connection was cut and did not come back")
        elif turn.now >= member.seen + BEATS_MISSED * beat:
            silent = member._replace(gone=member.seen)
            turn.lose(silent, "no sign of life for %g s" % round(turn.now - member.seen, 1))
