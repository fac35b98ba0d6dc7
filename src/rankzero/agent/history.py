"""Events folded into a run's present state. Pure, and the only reader of what events mean."""

from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent import events as ev


class NodeState(NamedTuple):
    """What is known of a node. state: `joined`, `running`, `done`, `lost`."""

    node: str
    state: str = "joined"
    address: str = ""
    ranks: Tuple[int, ...] = ()
    losses: int = 0
    pid: Optional[int] = None


class History(NamedTuple):
    """A run as its events tell it.

    cause: the first failure, as the agents recorded it (see `docs/reference/events.md`).
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
    submitted: Optional[float] = None
    running: Optional[float] = None
    first_step: Optional[float] = None
    finished: Optional[float] = None
    report: Mapping[str, Any] = {}
    failures: int = 0
    last_seq: int = 0

    @property
    def final(self) -> bool:
        return self.state in ev.FINAL


def fold(events: Iterable[ev.Event], start: Optional[History] = None) -> History:
    """The state after these events; unknown kinds are newer than this reader, and are skipped."""
    history = start if start is not None else History()
    for event in events:
        step = _STEPS.get(event.kind)
        if step is not None and not history.final:
            history = step(history, event)
        history = history._replace(last_seq=max(history.last_seq, event.seq))
    return history
