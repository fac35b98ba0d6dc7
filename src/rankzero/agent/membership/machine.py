"""The machine itself: one method an event, one method a phase."""

from typing import Any, Callable, Dict, List, Optional, Tuple

from rankzero.agent import events as ev
from rankzero.agent.membership import events as on
from rankzero.agent.membership import failure
from rankzero.agent.membership.state import (
    ACK_WAIT,
    BEATS_MISSED,
    BEATS_TO_RECONNECT,
    REGROUP_WAIT,
    WAIT_UNSAID,
    Member,
    State,
    connected,
    enough,
    expected,
    finished_on,
    grace,
    ranks_on,
    ready,
    role_of,
    succeeded,
)
from rankzero.contracts.topology import Topology


def step(state: State, event: on.Event, now: float) -> Tuple[State, List[on.Action]]:
    """Take one event in; time is in seconds and never runs backwards."""
    turn = _Turn(state, now)
    turn.take(event)
    turn.check_silence()
    turn.advance()
    return turn.state, turn.actions


class _Turn:
    """One step under way. It lives no longer than the step, so the machine stays pure."""

    def __init__(self, state: State, now: float) -> None:
        self.state = state
        self.now = now
        self.actions: List[on.Action] = []

    # -- small tools

    def set(self, **changes: Any) -> None:
        self.state = self.state._replace(**changes)

    def put(self, member: Member) -> None:
        self.set(members=dict(self.state.members, **{member.key: member}))

    def emit(self, kind: str, **data: Any) -> None:
        self.actions.append(on.Emit(kind, data))

    def send(self, member: Member, kind: str, **data: Any) -> None:
        message: Dict[str, Any] = {"type": kind}
        message.update(data)
        self.actions.append(on.Send(member.key, member.incarnation, message))

    def member(self, event: Any) -> Optional[Member]:
        """The member an event speaks of, if that incarnation is still the one that counts."""
        member = self.state.members.get(event.key)
        return member if member and member.incarnation == event.incarnation else None

    # -- events

    def take(self, event: on.Event) -> None:
        if isinstance(event, on.Tick):
            return
        if isinstance(event, on.Hello):
            self.hello(event)
        elif isinstance(event, on.StopRun):
            self.stop_run(event)
        else:
            member = self.member(event)
            if member is not None:
                member = member._replace(seen=self.now)
                self.put(member)
                _HANDLERS[type(event)](self, member, event)

    def hello(self, hello: on.Hello) -> None:
        known = self.state.members.get(hello.key)
        stale = known is not None and hello.incarnation < known.incarnation
        if (
            role_of(self.state, hello.key) is None
            or stale
            or hello.incarnation in self.state.fenced
        ):
            fenced = Member(hello.key, hello.incarnation, hello.node, self.now)
            self.send(fenced, "fenced")
            return
        if known is not None and known.incarnation != hello.incarnation:
            self.lose(known, "a new agent took its place")
        if known is None or known.incarnation != hello.incarnation:
            self.emit(
                ev.NODE_JOINED,
                node=hello.key,
                address=hello.node.address,
                ranks=hello.node.nproc,
                pid=hello.pid,
            )
        self.put(
            Member(
                hello.key,
                hello.incarnation,
                hello.node,
                self.now,
                phase=hello.phase,
                generation=hello.generation,
            )
        )
        self.learn(hello)
        self.reconcile(self.state.members[hello.key])

    def learn(self, hello: on.Hello) -> None:
        """Take over what the agent knows and this coordinator, perhaps a new one, does not."""
        state = self.state
        if hello.outcome and state.outcome is None:
            self.set(outcome=hello.outcome, phase="ending", since=self.now)
        if hello.generation > state.generation:
            self.set(generation=hello.generation, inherited=hello.generation)
        if hello.restarts > state.restarts:
            self.set(restarts=hello.restarts)
        if hello.generation == state.generation and hello.key in state.roster:
            local = ranks_on(state, hello.key)
            results = {local[i]: code for i, code in hello.exits.items() if i < len(local)}
            self.set(results=dict(self.state.results, **_int_keys(results)))
            self.add_failures(hello.failures)

    def reconcile(self, member: Member) -> None:
        """Tell the node what it should be doing, where that differs from what it does."""
        state = self.state
        current = member.key in state.roster and member.generation == state.generation
        if state.outcome is not None:
            self.send(member, "outcome", outcome=state.outcome, grace=grace(state))
        elif member.phase != "idle" and not (current and state.phase == "running"):
            self.send(member, "stop", generation=member.generation, grace=grace(state))
        elif state.phase == "running" and not current and self.awaited(member.key):
            self.assign_to(member)

    def awaited(self, key: str) -> bool:
        """The running generation counts on ranks that this node has not started yet."""
        state = self.state
        return key in state.roster and not state.failures and not finished_on(state, key)

    def on_gone(self, member: Member, _: on.Gone) -> None:
        if connected(member):
            self.put(member._replace(gone=self.now))

    def on_beat(self, member: Member, _: on.Beat) -> None:
        """Being seen is all there is to it."""

    def on_running(self, member: Member, event: on.Running) -> None:
        if event.generation == self.state.generation == member.generation:
            self.put(member._replace(phase="running"))

    def on_exited(self, member: Member, event: on.Exited) -> None:
        if event.generation != self.state.generation or member.key not in self.state.roster:
            return
        local = ranks_on(self.state, member.key)
        if event.local_rank >= len(local) or local[event.local_rank] in self.state.results:
            return
        rank = local[event.local_rank]
        self.set(results=_int_keys(dict(self.state.results), {rank: event.code}))
        if event.failure is not None:
            self.add_failures((event.failure,))
        elif event.code == 0:
            self.emit(
                ev.RANK_EXITED,
                generation=event.generation,
                rank=rank,
                node=member.key,
                code=event.code,
            )

    def on_stopped(self, member: Member, event: on.Stopped) -> None:
        if event.generation >= member.generation:
            node = member.node._replace(ports=event.ports)
            self.put(member._replace(phase="idle", node=node))
            self.reconcile(self.state.members[member.key])

    def on_refused(self, member: Member, event: on.Refused) -> None:
        self.decide(ev.FAILED, dict(event.failure))

    def on_bye(self, member: Member, event: on.Bye) -> None:
        self.put(member._replace(leaving=True))
        if self.needed(member.key):
            self.emit(ev.NODE_LOST, node=member.key, reason=event.reason)
            left = failure.lost(
                member.key, self.now, event.reason, ranks_on(self.state, member.key)
            )
            self.add_failures((dict(left, kind="node-left"),))

    def on_acked(self, member: Member, _: on.Acked) -> None:
        self.put(member._replace(acked=True, phase="idle"))
        if self.state.phase == "over":
            self.send(member, "leave")

    def stop_run(self, event: on.StopRun) -> None:
        if self.state.outcome is not None or self.state.phase == "over":
            return
        if self.state.stop_by is None:
            self.emit(ev.STOP_REQUESTED, by=event.by, grace_s=event.grace)
        self.set(stop_by=event.by, grace=event.grace)
        if self.state.phase == "running":
            self.stop_ranks()
        elif self.state.phase == "stopping":
            self.resend_stop()

    # -- losing nodes

    def check_silence(self) -> None:
        """A peer that is silent, or cut off, for too long is lost."""
        beat = self.state.limits.heartbeat
        for member in list(self.state.members.values()):
            if member.gone is not None:
                if self.now - member.gone >= BEATS_TO_RECONNECT * beat:
                    self.lose(member, "its connection was cut and did not come back")
            elif self.now - member.seen >= BEATS_MISSED * beat:
                silent = member._replace(gone=member.seen)
                self.lose(silent, "no sign of life for %g s" % (self.now - member.seen))

    def lose(self, member: Member, reason: str) -> None:
        needed = self.needed(member.key) and not member.leaving
        members = dict(self.state.members)
        del members[member.key]
        self.set(members=members, fenced=self.state.fenced | {member.incarnation})
        if needed:
            self.emit(ev.NODE_LOST, node=member.key, reason=reason)
            when = self.now if member.gone is None else member.gone
            ranks = ranks_on(self.state, member.key)
            self.add_failures((failure.lost(member.key, when, reason, ranks),))

    def needed(self, key: str) -> bool:
        """Whether the present generation cannot end well without this node."""
        state = self.state
        active = state.phase in ("running", "stopping") and state.outcome is None
        return active and key in state.roster and not finished_on(state, key)

    def add_failures(self, failures: Tuple[on.Record, ...]) -> None:
        """Keep what went wrong; each rank's failure is told once."""
        told = {(f["kind"], f.get("rank"), f.get("node")) for f in self.state.failures}
        for one in failures:
            if (one["kind"], one.get("rank"), one.get("node")) in told:
                continue
            self.set(failures=(*self.state.failures, one))
            if one["kind"] == "rank-failed":
                self.emit(ev.RANK_FAILED, generation=self.state.generation, failure=dict(one))

    # -- phases

    def advance(self) -> None:
        """Let the phase draw its conclusions until nothing changes any more."""
        while True:
            before = self.state.phase
            _PHASES[before](self)
            if self.state.phase == before:
                return

    def gather(self) -> None:
        state = self.state
        if state.stop_by is not None:
            self.decide_when_quiet(ev.STOPPED, None)
            return
        keys = ready(state)
        waited = self.now - state.since
        if (keys and len(keys) == len(expected(state))) or (
            waited >= state.wait and keys and enough(state, keys)
        ):
            self.begin(keys)
        elif waited >= state.limits.join_wait:
            absent = [key for key in expected(state) if key not in keys]
            self.decide(ev.FAILED, failure.missing(absent, state.limits.join_wait, self.now))
        else:
            self.say_waiting(keys, waited)

    def say_waiting(self, keys: List[str], waited: float) -> None:
        absent = tuple(key for key in expected(self.state) if key not in keys)
        if waited >= WAIT_UNSAID and absent != self.state.said_waiting:
            self.set(said_waiting=absent)
            until = self.state.since + self.state.limits.join_wait
            self.emit(ev.WAITING, nodes=list(absent), until=until)

    def begin(self, keys: List[str]) -> None:
        """Assign the next generation to these nodes."""
        state = self.state
        if state.inherited:
            first = expected(state)[0]
            reason = "the agent of the first node was replaced"
            if not self.spend(failure.lost(first, self.now, reason, ())):
                return
            state = self.state
        generation = state.generation + 1
        nodes = tuple(state.members[key].node for key in keys)
        topology = Topology(state.settings, generation, state.restarts, nodes)
        self.set(
            phase="running",
            since=self.now,
            generation=generation,
            roster=tuple(keys),
            topology=topology,
            results={},
            failures=(),
            inherited=0,
            said_waiting=(),
            said_running=False,
        )
        self.emit(
            ev.ASSIGNED,
            generation=generation,
            restarts=state.restarts,
            world_size=topology.world_size,
            nodes={key: ranks_on(self.state, key) for key in keys},
        )
        for key in keys:
            self.assign_to(self.state.members[key])

    def assign_to(self, member: Member) -> None:
        assert self.state.topology is not None
        generation = self.state.generation
        self.put(member._replace(phase="starting", generation=generation))
        node_rank = self.state.roster.index(member.key)
        topology = self.state.topology.to_json()
        self.send(member, "assign", node_rank=node_rank, topology=topology)

    def run(self) -> None:
        state = self.state
        if state.failures:
            self.stop_ranks()
        elif succeeded(state):
            self.decide(ev.SUCCEEDED, None)
        elif self.could_grow() or self.idles():
            self.stop_ranks()
        elif not state.said_running:
            phases = [state.members[k].phase for k in state.roster if k in state.members]
            if all(phase == "running" for phase in phases):
                self.set(said_running=True)
                self.emit(ev.RUNNING, generation=state.generation)

    def could_grow(self) -> bool:
        """A node outside the roster is ready: the generation is smaller than was asked for.

        Once a rank has finished its work, a larger generation would only do it again.
        """
        newcomers = any(key not in self.state.roster for key in ready(self.state))
        return newcomers and not self.state.results

    def idles(self) -> bool:
        """A node has stopped its ranks of this generation although nobody here asked for it."""
        state = self.state
        return any(
            key in state.roster
            and state.members[key].generation == state.generation
            and not finished_on(state, key)
            for key in ready(state)
        )

    def stop_ranks(self) -> None:
        self.set(phase="stopping", since=self.now)
        self.resend_stop()

    def resend_stop(self) -> None:
        for key in self.state.roster:
            member = self.state.members.get(key)
            if member is not None:
                generation = self.state.generation
                self.send(member, "stop", generation=generation, grace=grace(self.state))

    def stop(self) -> None:
        """All ranks are asked to end; go on when no reachable node runs any."""
        state = self.state
        here = [state.members[key] for key in state.roster if key in state.members]
        if any(member.phase != "idle" for member in here):
            return
        if state.stop_by is not None:
            self.decide(ev.STOPPED, failure.root(state.failures))
            return
        cause = failure.root(state.failures)
        lost = {one.get("node") for one in state.failures if one["kind"] != "rank-failed"}
        elastic = enough(state, [key for key in ready(state) if key not in lost])
        if cause is not None and not self.spend(
            cause, free=elastic and cause["kind"] != "rank-failed"
        ):
            return
        quick = elastic and (cause is None or cause["kind"] != "rank-failed")
        wait = min(REGROUP_WAIT, state.limits.join_wait) if quick else state.limits.join_wait
        self.set(phase="gathering", since=self.now, wait=wait, roster=(), topology=None)

    def spend(self, cause: on.Record, free: bool = False) -> bool:
        """Use one restart for this cause; without any left the run has failed."""
        state = self.state
        counted = not (free or cause["kind"] == "node-left")
        if counted and state.restarts >= state.settings.max_restarts:
            self.decide(ev.FAILED, cause)
            return False
        self.set(restarts=state.restarts + int(counted), inherited=0)
        self.emit(
            ev.RESTARTING,
            generation=state.generation + 1,
            restarts=self.state.restarts,
            max_restarts=state.settings.max_restarts,
            cause=dict(cause),
        )
        return True

    def decide_when_quiet(self, result: str, cause: Optional[on.Record]) -> None:
        """Announce once no node runs a rank that an earlier coordinator started."""
        busy = [m for m in self.state.members.values() if connected(m) and m.phase != "idle"]
        if not busy:
            self.decide(result, cause)

    def decide(self, result: str, cause: Optional[on.Record]) -> None:
        """Announce how the run ends. Nothing after this changes it."""
        if self.state.outcome is not None:
            return
        codes = {ev.SUCCEEDED: 0, ev.STOPPED: 1}
        outcome = {
            "state": result,
            "cause": None if cause is None else dict(cause),
            "exit_code": codes.get(result, 1),
            "generation": self.state.generation,
        }
        self.set(outcome=outcome, phase="ending", since=self.now)
        for member in self.state.members.values():
            self.send(member, "outcome", outcome=outcome, grace=grace(self.state))

    def end(self) -> None:
        """Wait until every node that can be reached knows, and runs nothing."""
        state = self.state
        overdue = self.now - state.since >= grace(state) + ACK_WAIT
        waiting = [m for m in state.members.values() if connected(m) and not m.acked]
        if waiting and not overdue:
            return
        assert state.outcome is not None
        self.set(phase="over")
        if not state.recorded:
            self.emit(ev.FINISHED, **dict(state.outcome))
        for member in state.members.values():
            self.send(member, "leave")

    def over(self) -> None:
        """Nothing is left to decide."""


def _int_keys(*parts: Dict[int, int]) -> Dict[int, int]:
    merged: Dict[int, int] = {}
    for part in parts:
        merged.update(part)
    return merged


_HANDLERS: Dict[type, Callable[[_Turn, Member, Any], None]] = {
    on.Gone: _Turn.on_gone,
    on.Beat: _Turn.on_beat,
    on.Running: _Turn.on_running,
    on.Exited: _Turn.on_exited,
    on.Stopped: _Turn.on_stopped,
    on.Refused: _Turn.on_refused,
    on.Bye: _Turn.on_bye,
    on.Acked: _Turn.on_acked,
}
_PHASES: Dict[str, Callable[[_Turn], None]] = {
    "gathering": _Turn.gather,
    "running": _Turn.run,
    "stopping": _Turn.stop,
    "ending": _Turn.end,
    "over": _Turn.over,
}
