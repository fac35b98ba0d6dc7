"""One node's decisions: what its agent does about what the coordinator says and its ranks do.

Pure: `step(state, event, now) -> (state, actions)`; `agent/node.py` carries the actions out.
"""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union

from rankzero.agent import exits
from rankzero.agent.membership.events import Record

#: How long a node that was asked to leave waits for its ranks beyond their grace (seconds).
LEAVE_WAIT = 5.0

#: How many failures a hello tells in full.
WHOLE_FAILURES = 8


class Connected(NamedTuple):
    """The coordinator has been dialled and has proved itself."""


class Disconnected(NamedTuple):
    """The connection to the coordinator is gone."""


class Told(NamedTuple):
    """A message from the coordinator."""

    message: Mapping[str, Any]


class Started(NamedTuple):
    """Every rank of this generation has a process."""

    generation: int


class RankExited(NamedTuple):
    """A rank's process has ended. failure is set unless it exited 0."""

    generation: int
    local_rank: int
    code: int
    failure: Optional[Record]


class AllDown(NamedTuple):
    """No rank of this generation, nor any process that it left, is alive."""

    generation: int
    ports: Tuple[int, ...]


class Unable(NamedTuple):
    """This node can't run the job at all."""

    failure: Record


class Terminate(NamedTuple):
    """The agent was asked to end (SIGTERM)."""

    reason: str


class Orphaned(NamedTuple):
    """The process that watched over this agent is gone."""


class Tick(NamedTuple):
    """Time has passed."""


Event = Union[
    Connected, Disconnected, Told, Started, RankExited, AllDown, Unable, Terminate, Orphaned, Tick
]


class Start(NamedTuple):
    """Start this node's ranks of a generation."""

    topology: Mapping[str, Any]
    node_rank: int


class StopRanks(NamedTuple):
    """SIGTERM to every rank, SIGKILL after grace seconds; AllDown follows."""

    grace: float


class Tell(NamedTuple):
    """Send to the coordinator; lost without harm where there is no connection."""

    message: Dict[str, Any]


class Leave(NamedTuple):
    """End the agent with this exit code."""

    code: int


Action = Union[Start, StopRanks, Tell, Leave]


class State(NamedTuple):
    """phase: `idle`, `running`, `stopping` or `left`.

    barred: generations up to this one must not start any more; pending: an assignment that
    waits until the older ranks are down; again: whether those that stop may be followed by others;
    cut: since when there is no coordinator; met: there has been one; unable: why this node can't
    run the job; leaving: why it was asked to go; leave_by: when it goes even if ranks are still
    alive.
    """

    coordinator_wait: float
    grace: float
    cut: float
    phase: str = "idle"
    generation: int = 0
    restarts: int = 0
    barred: int = 0
    ports: Tuple[int, ...] = ()
    exits: Mapping[int, int] = {}
    failures: Tuple[Record, ...] = ()
    pending: Optional[Mapping[str, Any]] = None
    again: bool = True
    connected: bool = False
    met: bool = False
    outcome: Optional[Record] = None
    unable: Optional[Record] = None
    leaving: Optional[str] = None
    leave_code: int = 0  # exits.DONE, which the field above hides here
    leave_by: Optional[float] = None


def step(state: State, event: Event, now: float) -> Tuple[State, List[Action]]:
    """Take one event in; time is in seconds and never runs backwards."""
    turn = _Turn(state, now)
    if state.phase != "left":
        _HANDLERS[type(event)](turn, event)
    return turn.state, turn.actions


def deadline(state: State) -> Optional[float]:
    """When the machine wants its next Tick if nothing happens before, or None."""
    if state.phase == "left":
        return None
    if state.leave_by is not None:
        return state.leave_by
    return None if state.connected else state.cut + state.coordinator_wait


def expects_ranks(state: State) -> bool:
    """Whether the next thing that this node starts will be ranks. Those that run may be on their
    way down; while they run nobody expects others."""
    return state.phase in ("idle", "stopping") and state.again and _willing(state)


def _willing(state: State) -> bool:
    """Whether this node will ever start ranks again."""
    return not (state.outcome or state.unable or state.leaving or state.leave_by)


class _Turn:
    """One step under way."""

    def __init__(self, state: State, now: float) -> None:
        self.state = state
        self.now = now
        self.actions: List[Action] = []

    def set(self, **changes: Any) -> None:
        self.state = self.state._replace(**changes)

    def tell(self, kind: str, **data: Any) -> None:
        message: Dict[str, Any] = {"type": kind}
        message.update(data)
        self.actions.append(Tell(message))

    # -- the connection

    def on_connected(self, _: Connected) -> None:
        self.set(connected=True, met=True)
        state = self.state
        self.tell(
            "hello",
            generation=state.generation,
            barred=state.barred,
            restarts=state.restarts,
            phase=state.phase,
            ports=list(state.ports),
            exits={str(rank): code for rank, code in state.exits.items()},
            failures=_in_short(state.failures),
            outcome=None if state.outcome is None else dict(state.outcome),
            unable=None if state.unable is None else dict(state.unable),
        )
        if state.leaving is not None:
            self.tell("bye", reason=state.leaving)

    def on_disconnected(self, _: Disconnected) -> None:
        if self.state.connected:
            self.set(connected=False, cut=self.now)

    def on_tick(self, _: Tick) -> None:
        state = self.state
        if state.leave_by is not None:
            if self.now >= state.leave_by:
                self.leave(state.leave_code)
        elif not state.connected and self.now >= state.cut + state.coordinator_wait:
            self.set(leaving="no coordinator for %g s" % state.coordinator_wait)
            self.depart(exits.REFUSED if state.met else exits.ALONE, state.grace)

    # -- what the coordinator says

    def on_told(self, event: Told) -> None:
        handler = _MESSAGES.get(event.message["type"])
        if handler is not None:
            handler(self, event.message)

    def assign(self, message: Mapping[str, Any]) -> None:
        generation = message["topology"]["generation"]
        newest = max(self.state.generation, self.state.barred)
        if generation <= newest or not _willing(self.state):
            return
        if self.state.phase == "idle":
            self.start(message)
        else:
            self.set(pending=message)
            self.stop_ranks(self.state.grace)

    def start(self, message: Mapping[str, Any]) -> None:
        topology = message["topology"]
        self.set(
            phase="running",
            again=True,
            generation=topology["generation"],
            restarts=topology["restarts"],
            exits={},
            failures=(),
            pending=None,
        )
        self.actions.append(Start(topology, message["node_rank"]))

    def stop(self, message: Mapping[str, Any]) -> None:
        generation = message["generation"]
        if generation < self.state.generation:
            return
        again = message["again"]
        self.set(barred=max(self.state.barred, generation), pending=None, again=again)
        if self.state.phase == "idle":
            self.tell("stopped", generation=generation, ports=list(self.state.ports))
        else:
            self.stop_ranks(message["grace"])

    def stop_ranks(self, grace: float) -> None:
        self.set(phase="stopping")
        self.actions.append(StopRanks(grace))

    def announce(self, message: Mapping[str, Any]) -> None:
        """The outcome; the first one counts."""
        if self.state.outcome is None:
            self.set(outcome=message["outcome"], pending=None)
        if self.state.phase == "idle":
            self.tell("ack")
        else:
            self.stop_ranks(message["grace"])

    def leave_now(self, message: Mapping[str, Any]) -> None:
        """The coordinator knows how the run ends: its code counts, whoever asked before."""
        if self.state.leave_by is not None:
            self.set(leave_code=message["code"])
        self.depart(message["code"], 0.0)

    def fenced(self, _: Mapping[str, Any]) -> None:
        self.depart(exits.FENCED, 0.0)

    # -- what the ranks do

    def on_started(self, event: Started) -> None:
        if event.generation == self.state.generation:
            self.tell("running", generation=event.generation)

    def on_rank_exited(self, event: RankExited) -> None:
        state = self.state
        if event.generation != state.generation:
            return
        exits_now = dict(state.exits)
        exits_now[event.local_rank] = event.code
        self.set(exits=exits_now)
        if event.failure is not None:
            self.set(failures=(*state.failures, event.failure))
        self.tell(
            "exited",
            generation=event.generation,
            rank=event.local_rank,
            code=event.code,
            failure=None if event.failure is None else dict(event.failure),
        )

    def on_all_down(self, event: AllDown) -> None:
        state = self.state
        if event.generation != state.generation or state.phase != "stopping":
            return
        self.set(phase="idle", ports=event.ports)
        newest = max(state.generation, state.barred)
        self.tell("stopped", generation=newest, ports=list(event.ports))
        if state.leave_by is not None:
            self.leave(state.leave_code)
            return
        if state.outcome is not None:
            self.tell("ack")
        elif state.pending is not None:
            self.start(state.pending)

    def on_unable(self, event: Unable) -> None:
        self.set(unable=event.failure)
        self.tell("refused", failure=dict(event.failure))

    # -- leaving

    def on_terminate(self, event: Terminate) -> None:
        if self.state.leaving is None:
            self.set(leaving=event.reason)
            self.tell("bye", reason=event.reason)
        over = self.state.outcome is not None
        self.depart(exits.DONE if over else exits.LEFT, self.state.grace)

    def on_orphaned(self, _: Orphaned) -> None:
        if self.state.leave_by is None:
            self.depart(exits.REFUSED, 0.0)

    def depart(self, code: int, grace: float) -> None:
        """End the ranks, then the agent; a time limit keeps a stuck rank from holding it.

        Whoever asks first gives the code; whoever asks later can only make it quicker.
        """
        if self.state.phase == "idle":
            self.leave(code)
            return
        leave_by = self.now + grace + LEAVE_WAIT
        if self.state.leave_by is None:
            self.set(leave_code=code, leave_by=leave_by, pending=None)
        else:
            self.set(leave_by=min(leave_by, self.state.leave_by))
        self.stop_ranks(grace)

    def leave(self, code: int) -> None:
        self.set(phase="left")
        self.actions.append(Leave(code))


def _in_short(failures: Tuple[Record, ...]) -> List[Dict[str, Any]]:
    """What a hello says of them: a thousand ranks that failed at once must fit into one line,
    and only the first few can be the cause."""
    bare = ("kind", "rank", "node", "time", "code", "signal", "message")
    first = sorted(failures, key=lambda failure: float(failure.get("time") or 0))[:WHOLE_FAILURES]
    return [dict(one) if one in first else {key: one.get(key) for key in bare} for one in failures]


_HANDLERS: Dict[type, Callable[[_Turn, Any], None]] = {
    Connected: _Turn.on_connected,
    Disconnected: _Turn.on_disconnected,
    Told: _Turn.on_told,
    Started: _Turn.on_started,
    RankExited: _Turn.on_rank_exited,
    AllDown: _Turn.on_all_down,
    Unable: _Turn.on_unable,
    Terminate: _Turn.on_terminate,
    Orphaned: _Turn.on_orphaned,
    Tick: _Turn.on_tick,
}
_MESSAGES: Dict[str, Callable[[_Turn, Mapping[str, Any]], None]] = {
    "assign": _Turn.assign,
    "stop": _Turn.stop,
    "outcome": _Turn.announce,
    "leave": _Turn.leave_now,
    "fenced": _Turn.fenced,
}
