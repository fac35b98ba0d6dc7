"""One step under way, and the verbs that both reports and phases use."""

from typing import Any, Dict, List, Mapping, Optional, Tuple

from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.agent.membership import events as on
from rankzero.agent.membership import failure
from rankzero.agent.membership.state import (
    STUCK_WAIT,
    Member,
    State,
    connected,
    failed,
    grace,
    leaves_last,
    needed,
    ranks_on,
    stuck,
    unfinished,
)


class Turn:
    """Lives no longer than its step, so the machine stays pure.

    state: as it becomes; actions: what is to be done, in this order.
    """

    def __init__(self, state: State, now: float) -> None:
        self.state = state
        self.now = now
        self.actions: List[on.Action] = []

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

    # -- what went wrong

    def add_failures(self, failures: Tuple[on.Record, ...]) -> None:
        """Keep what went wrong; each rank's failure is told once."""
        told = {(f["kind"], f.get("rank"), f.get("node")) for f in self.state.failures}
        for one in failures:
            if (one["kind"], one.get("rank"), one.get("node")) in told:
                continue
            self.set(failures=(*self.state.failures, one))
            if one["kind"] == "rank-failed":
                self.emit(ev.RANK_FAILED, generation=self.state.generation, failure=dict(one))

    def lose(self, member: Member, reason: str) -> None:
        """It is no member any more. If it lives, it dials again and says hello."""
        missed = needed(self.state, member.key) and not member.leaving
        members = dict(self.state.members)
        del members[member.key]
        self.set(members=members)
        self.actions.append(on.Cut(member.key, member.incarnation, reason))
        if missed:
            self.emit(ev.NODE_LOST, node=member.key, reason=reason)
            when = self.now if member.gone is None else member.gone
            ranks = ranks_on(self.state, member.key)
            self.add_failures((failure.lost(member.key, when, reason, ranks, member.usage),))

    # -- a generation

    def assign(self, member: Member) -> None:
        """Tell a member of the roster its place in the current generation."""
        assert self.state.topology is not None
        generation = self.state.generation
        self.put(member._replace(phase="starting", generation=generation))
        node_rank = self.state.roster.index(member.key)
        topology = self.state.topology.to_json()
        self.send(member, "assign", node_rank=node_rank, topology=topology)

    def stop_ranks(self) -> None:
        """End the current generation."""
        self.set(phase="stopping", since=self.now)
        self.ask_to_stop()

    def ask_to_stop(self) -> None:
        for member in self.state.members.values():
            if member.phase != "idle":
                self.order_stop(member, max(member.generation, self.state.generation))

    def order_stop(self, member: Member, generation: int) -> None:
        """Have this node end its ranks; who is asked again can only be given less time."""
        kill_by = self.now + grace(self.state)
        if member.kill_by is not None:
            kill_by = min(kill_by, member.kill_by)
        self.put(member._replace(kill_by=kill_by))
        state = self.state
        again = state.stop_by is None and state.restarts < state.settings.max_restarts
        self.send(member, "stop", generation=generation, grace=grace(state), again=again)

    def give_up_on_stuck(self) -> None:
        """End the run where ranks do not die: no restart would help, they hold their ports and
        devices. What went wrong first stays the cause."""
        nodes = stuck(self.state, self.now)
        if not nodes or self.state.outcome is not None:
            return
        result = ev.FAILED if self.state.stop_by is None else ev.STOPPED
        cause = failure.root(self.state.failures, unfinished(self.state))
        if cause is None:
            self.decide(result, failure.stuck(nodes, STUCK_WAIT, self.now))
        else:
            self.decide(result, dict(cause, stuck=nodes))

    # -- the outcome

    def decide(self, result: str, cause: Optional[on.Record]) -> None:
        """How the run ends."""
        self.announce(
            {
                "state": result,
                "cause": None if cause is None else dict(cause),
                "exit_code": _exit_code(result, cause),
                "generation": self.state.generation,
            }
        )

    def leave(self, member: Member) -> None:
        """The node may go; all that it had to tell is told."""
        self.put(member._replace(dismissed=connected(member)))
        self.send(member, "leave", code=_leave_code(self.state, member.key))

    def announce(self, outcome: Mapping[str, Any]) -> None:
        """Nothing after this changes it: it is in the history before anybody is told, so that
        the next coordinator on this disk says the same."""
        if self.state.outcome is not None:
            return
        self.set(outcome=outcome, phase="ending", since=self.now)
        self.emit(ev.ENDING, **dict(outcome))
        for member in self.state.members.values():
            self.send(member, "outcome", outcome=outcome, grace=grace(self.state))


def _leave_code(state: State, key: str) -> int:
    """A failed run fails its Job by the code of who leaves last. All others leave as if done, for
    a Job ends at the first."""
    return exits.RUN_FAILED if failed(state) and leaves_last(state, key) else exits.DONE


def _exit_code(result: str, cause: Optional[on.Record]) -> int:
    """What the command ends with: the job failed, or the environment refused it."""
    if result == ev.SUCCEEDED:
        return exits.DONE
    refused = cause is not None and cause["kind"] == "refused"
    return exits.REFUSED if refused else exits.JOB_FAILED
