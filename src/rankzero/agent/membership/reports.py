"""What nodes, and those who may stop the run, say: one function an event."""

from typing import Any, Callable, Dict, Optional

from rankzero.agent import events as ev
from rankzero.agent.membership import events as on
from rankzero.agent.membership import failure
from rankzero.agent.membership.state import (
    Member,
    awaited,
    connected,
    grace,
    leaves_last,
    needed,
    ranks_on,
    role_of,
)
from rankzero.agent.membership.turn import Turn


def take(turn: Turn, event: on.Event) -> None:
    """Let the state know what this event says."""
    if isinstance(event, on.Hello):
        hello(turn, event)
    elif isinstance(event, on.StopRun):
        stop_run(turn, event)
    elif isinstance(event, on.Watched):
        turn.set(watched=event.anybody)
    elif isinstance(event, on.Released):
        turn.set(released=turn.state.phase in ("lingering", "leaving"))
    elif not isinstance(event, on.Tick):
        member = turn.state.members.get(event.key)
        if member is not None and member.incarnation == event.incarnation:
            member = member._replace(seen=turn.now)
            turn.put(member)
            _HANDLERS[type(event)](turn, member, event)


# -- hello


def hello(turn: Turn, event: on.Hello) -> None:
    state = turn.state
    if role_of(state, event.key) is None or event.incarnation < state.births.get(event.key, ""):
        stranger = Member(event.key, event.incarnation, event.node, turn.now)
        turn.send(stranger, "fenced")
        return
    known = state.members.get(event.key)
    if known is not None and known.incarnation != event.incarnation:
        turn.lose(known, "its agent died; a new one took its place")
        known = None
    if known is None:
        turn.emit(
            ev.NODE_JOINED,
            node=event.key,
            address=event.node.address,
            ranks=event.node.nproc,
            pid=event.pid,
        )
    turn.set(births=dict(state.births, **{event.key: event.incarnation}))
    member = Member(
        event.key,
        event.incarnation,
        event.node,
        turn.now,
        phase=event.phase,
        generation=event.generation,
        kill_by=None if known is None else known.kill_by,
    )
    turn.put(member)
    learn(turn, event, member)
    reconcile(turn, member)


def learn(turn: Turn, event: on.Hello, member: Member) -> None:
    """Take over what the agent knows and this coordinator, perhaps a new one, does not."""
    if event.outcome:
        turn.announce(event.outcome)
    if event.unable:
        turn.decide(ev.FAILED, dict(event.unable))
    state = turn.state
    if event.generation > state.newest:
        # Its coordinator is gone, and so is that generation, unless we began one of our own.
        inherited = state.inherited or state.phase == "gathering"
        turn.set(newest=event.generation, inherited=inherited)
    turn.set(newest=max(turn.state.newest, event.barred))
    if event.restarts > state.restarts:
        turn.set(restarts=event.restarts)
    if event.generation == state.generation and event.key in state.roster:
        failed = {one.get("rank"): one for one in event.failures}
        ranks = ranks_on(state, event.key)
        for local_rank, code in event.exits.items():
            rank = ranks[local_rank] if local_rank < len(ranks) else None
            exited(turn, member, local_rank, code, failed.get(rank))


def reconcile(turn: Turn, member: Member) -> None:
    """Tell the node what it should be doing, where that differs from what it does."""
    state = turn.state
    current = member.key in state.roster and member.generation == state.generation
    if state.outcome is not None:
        turn.send(member, "outcome", outcome=state.outcome, grace=grace(state))
    elif member.phase != "idle" and not (current and state.phase == "running"):
        turn.order_stop(member, member.generation)
    elif state.phase == "running" and not current and awaited(state, member.key):
        turn.assign(member)


# -- the others


def on_gone(turn: Turn, member: Member, _: on.Gone) -> None:
    if connected(member):
        turn.put(member._replace(gone=turn.now))


def on_beat(turn: Turn, member: Member, event: on.Beat) -> None:
    """Being seen is nearly all there is to it."""
    turn.put(member._replace(usage=event.usage))


def on_running(turn: Turn, member: Member, event: on.Running) -> None:
    if member.phase == "starting" and event.generation == member.generation:
        turn.put(member._replace(phase="running"))


def on_exited(turn: Turn, member: Member, event: on.Exited) -> None:
    if event.generation == turn.state.generation and member.key in turn.state.roster:
        exited(turn, member, event.local_rank, event.code, event.failure)


def exited(
    turn: Turn, member: Member, local_rank: int, code: int, failed: Optional[on.Record]
) -> None:
    """A rank of the current generation has ended; the first word about it counts."""
    ranks = ranks_on(turn.state, member.key)
    if local_rank >= len(ranks) or ranks[local_rank] in turn.state.results:
        return
    rank = ranks[local_rank]
    results = dict(turn.state.results)
    results[rank] = code
    turn.set(results=results)
    if failed is not None:
        turn.add_failures((failed,))
    elif code == 0:
        generation = turn.state.generation
        turn.emit(ev.RANK_EXITED, generation=generation, rank=rank, node=member.key, code=code)


def on_stopped(turn: Turn, member: Member, event: on.Stopped) -> None:
    if event.generation >= member.generation:
        node = member.node._replace(ports=event.ports)
        member = member._replace(phase="idle", kill_by=None, node=node)
        turn.put(member)
        if turn.state.outcome is None:
            reconcile(turn, member)


def on_refused(turn: Turn, member: Member, event: on.Refused) -> None:
    turn.decide(ev.FAILED, dict(event.failure))


def on_bye(turn: Turn, member: Member, event: on.Bye) -> None:
    if needed(turn.state, member.key) and not member.leaving:
        turn.emit(ev.NODE_LOST, node=member.key, reason=event.reason, left=True)
        ranks = ranks_on(turn.state, member.key)
        left = failure.lost(member.key, turn.now, event.reason, ranks)
        turn.add_failures((dict(left, kind="node-left"),))
    turn.put(member._replace(leaving=True))


def on_acked(turn: Turn, member: Member, _: on.Acked) -> None:
    member = member._replace(acked=True, phase="idle", kill_by=None)
    turn.put(member)
    going = turn.state.phase in ("leaving", "alone")
    late = going and not leaves_last(turn.state, member.key)
    if late or turn.state.phase == "over":
        turn.leave(member)


def stop_run(turn: Turn, event: on.StopRun) -> None:
    if turn.state.outcome is not None:
        return
    if turn.state.stop_by is None:
        turn.emit(ev.STOP_REQUESTED, by=event.by, grace_s=event.grace)
    turn.set(stop_by=event.by, grace=event.grace)
    if turn.state.phase == "running":
        turn.stop_ranks()
    else:
        turn.ask_to_stop()


_HANDLERS: Dict[type, Callable[[Turn, Member, Any], None]] = {
    on.Gone: on_gone,
    on.Beat: on_beat,
    on.Running: on_running,
    on.Exited: on_exited,
    on.Stopped: on_stopped,
    on.Refused: on_refused,
    on.Bye: on_bye,
    on.Acked: on_acked,
}
