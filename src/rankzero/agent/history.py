"""Events folded into a run's present state. Pure, and the only reader of what events mean."""

from typing import Any, Callable, Dict, FrozenSet, Iterable, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent import events as ev


class NodeState(NamedTuple):
    """What is known of a node. state: `joined`, `starting`, `running`, `done` (its ranks exited
    0), `lost`, `ended` with the run. left: it said goodbye when it was lost, so its machine lived.
    restarts: how many of the run's it was the first cause of.
    usage: as told last, of memory `used`, `peak`, `limit` and `killed`, the peak that of all its
    agents; and `cpu`, where its heartbeat was asked just now."""

    node: str
    state: str = "joined"
    address: str = ""
    ranks: Tuple[int, ...] = ()
    losses: int = 0
    pid: Optional[int] = None
    restarts: int = 0
    usage: Mapping[str, Any] = {}
    left: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "NodeState":
        """What an agent of another version has beyond these fields is passed over."""
        known = {key: data[key] for key in cls._fields if key in data}
        return cls(**dict(known, ranks=tuple(data["ranks"])))


class History(NamedTuple):
    """A run as its events tell it.

    cause: the first failure, as the agents recorded it (see `docs/reference/events.md`).
    report: the last values that a rank reported, with its rank. done: ranks that exited 0.
    outcome: how the run ends, from the moment that it was decided; it never changes after.
    times are seconds since the epoch; None for what has not happened.
    """

    state: str = ev.WAITING_STATE
    generation: int = 0
    restarts: int = 0
    max_restarts: int = 0
    world_size: int = 0
    nodes: Mapping[str, NodeState] = {}
    waiting_for: Tuple[str, ...] = ()
    cause: Optional[Mapping[str, Any]] = None
    exit_code: Optional[int] = None
    stopped_by: Optional[str] = None
    submitted: Optional[float] = None
    running: Optional[float] = None
    first_step: Optional[float] = None
    finished: Optional[float] = None
    report: Mapping[str, Any] = {}
    failures: int = 0
    last_seq: int = 0
    done: FrozenSet[int] = frozenset()
    outcome: Optional[Mapping[str, Any]] = None

    @property
    def final(self) -> bool:
        return self.state in ev.FINAL

    def to_json(self) -> Dict[str, Any]:
        """Plain data; `from_json` undoes it."""
        data = dict(self._asdict(), done=sorted(self.done))
        data["nodes"] = [node._asdict() for node in self.nodes.values()]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "History":
        """What an agent of another version has beyond these fields is passed over."""
        known = {key: data[key] for key in cls._fields if key in data}
        nodes = [NodeState.from_json(node) for node in data["nodes"]]
        known["nodes"] = {node.node: node for node in nodes}
        known["done"] = frozenset(data["done"])
        known["waiting_for"] = tuple(data["waiting_for"])
        return cls(**known)


def fold(events: Iterable[ev.Event], start: Optional[History] = None) -> History:
    """The state after these events; unknown kinds are newer than this reader, and are skipped."""
    history = start if start is not None else History()
    for event in events:
        step = _STEPS.get(event.kind)
        if step is not None and not history.final:
            history = step(history, event)
        history = history._replace(last_seq=max(history.last_seq, event.seq))
    return history


def using(history: History, usage: Mapping[str, Mapping[str, Any]]) -> History:
    """With what nodes say that they use, by their names."""
    nodes = dict(history.nodes)
    for name, said in usage.items():
        if name in nodes:
            peak = max(said.get("peak", 0), nodes[name].usage.get("peak", 0))
            nodes[name] = nodes[name]._replace(usage=dict(said, peak=peak))
    return history._replace(nodes=nodes)


def _submitted(history: History, event: ev.Event) -> History:
    return history._replace(
        submitted=event.time, max_restarts=int(event.data.get("max_restarts", 0))
    )


def _stop_requested(history: History, event: ev.Event) -> History:
    return history._replace(state=ev.STOPPING_STATE, stopped_by=event.data.get("by"))


def _joined(history: History, event: ev.Event) -> History:
    key = event.data["node"]
    known = history.nodes.get(key, NodeState(key))
    address, pid = event.data.get("address", ""), event.data.get("pid")
    node = known._replace(state="joined", address=address, ranks=(), pid=pid, left=False)
    return history._replace(
        nodes=dict(history.nodes, **{key: node}),
        waiting_for=tuple(one for one in history.waiting_for if one != key),
    )


def _lost(history: History, event: ev.Event) -> History:
    key = event.data["node"]
    node = history.nodes.get(key, NodeState(key))
    left = bool(event.data.get("left"))
    node = node._replace(state="lost", ranks=(), losses=node.losses + 1, left=left)
    return history._replace(nodes=dict(history.nodes, **{key: node}))


def _waiting(history: History, event: ev.Event) -> History:
    return history._replace(waiting_for=tuple(event.data["nodes"]))


def _assigned(history: History, event: ev.Event) -> History:
    nodes = dict(history.nodes)
    for key, ranks in event.data["nodes"].items():
        nodes[key] = nodes.get(key, NodeState(key))._replace(state="starting", ranks=tuple(ranks))
    return history._replace(
        generation=event.data["generation"],
        restarts=event.data["restarts"],
        world_size=event.data["world_size"],
        nodes=nodes,
        waiting_for=(),
        done=frozenset(),
    )


def _running(history: History, event: ev.Event) -> History:
    nodes = {
        key: node._replace(state="running") if node.state == "starting" else node
        for key, node in history.nodes.items()
    }
    state = history.state if history.state == ev.STOPPING_STATE else ev.RUNNING_STATE
    return history._replace(state=state, nodes=nodes, running=history.running or event.time)


def _exited(history: History, event: ev.Event) -> History:
    done = history.done | {event.data["rank"]}
    nodes = {
        key: node._replace(state="done") if node.ranks and done.issuperset(node.ranks) else node
        for key, node in history.nodes.items()
    }
    return history._replace(done=done, nodes=nodes)


def _failed(history: History, event: ev.Event) -> History:
    return history._replace(failures=history.failures + 1)


def _restarting(history: History, event: ev.Event) -> History:
    nodes = dict(history.nodes)
    first = nodes.get(str((event.data.get("cause") or {}).get("node")))
    if first is not None and event.data["restarts"] > history.restarts:
        nodes[first.node] = first._replace(restarts=first.restarts + 1)
    return history._replace(
        state=ev.RESTARTING_STATE,
        nodes=nodes,
        restarts=event.data["restarts"],
        cause=event.data.get("cause"),
    )


def _first_step(history: History, event: ev.Event) -> History:
    return history._replace(first_step=history.first_step or event.time)


def _report(history: History, event: ev.Event) -> History:
    return history._replace(report=dict(event.data["values"], rank=event.data["rank"]))


def _usage(history: History, event: ev.Event) -> History:
    said = dict(event.data)
    return using(history, {said.pop("node"): said})


def _ending(history: History, event: ev.Event) -> History:
    return history._replace(outcome=history.outcome or dict(event.data))


def _finished(history: History, event: ev.Event) -> History:
    history = _ending(history, event)
    nodes = {
        key: node if node.state in ("done", "lost") else node._replace(state="ended")
        for key, node in history.nodes.items()
    }
    return history._replace(
        nodes=nodes,
        state=event.data["state"],
        cause=event.data.get("cause"),
        exit_code=event.data.get("exit_code"),
        finished=event.time,
        waiting_for=(),
    )


_STEPS: Dict[str, Callable[[History, ev.Event], History]] = {
    ev.SUBMITTED: _submitted,
    ev.STOP_REQUESTED: _stop_requested,
    ev.NODE_JOINED: _joined,
    ev.NODE_LOST: _lost,
    ev.WAITING: _waiting,
    ev.ASSIGNED: _assigned,
    ev.RUNNING: _running,
    ev.RANK_EXITED: _exited,
    ev.RANK_FAILED: _failed,
    ev.RESTARTING: _restarting,
    ev.FIRST_STEP: _first_step,
    ev.REPORT: _report,
    ev.USAGE: _usage,
    ev.ENDING: _ending,
    ev.FINISHED: _finished,
}
