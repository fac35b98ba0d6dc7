"""What a ledger holds: one fact a row, in order, none ever changed. Pure.

A fact is an event of the pipeline's history: `to_event` and `from_event` are its form for ledgers,
for those who look at a pipeline, and for programs.
"""

from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from rankzero.agent.artifacts import Output as Output
from rankzero.agent.artifacts import outputs_of as outputs_of
from rankzero.agent.artifacts import plain as plain
from rankzero.agent.events import FINISHED, Event

# A pipeline's states, and those of its steps.
WAITING, RUNNING, SUCCEEDED, FAILED, STOPPED = (
    "waiting",
    "running",
    "succeeded",
    "failed",
    "stopped",
)
#: A step's alone: left out by its condition, or since one that it takes from was.
SKIPPED = "skipped"
#: A step's alone: never begun, since one that it depends on failed.
BLOCKED = "blocked"


class Part(NamedTuple):
    """One doing of a step. at: of a fan-out, the item's place; -1 where it is done once."""

    step: str
    at: int = -1

    def __str__(self) -> str:
        return self.step if self.at < 0 else "%s[%d]" % self


class Expanded(NamedTuple):
    """A step is to be done for these items. A step that does not fan out is never expanded."""

    step: str
    items: Tuple[Any, ...]
    time: float = 0.0


class Started(NamedTuple):
    """number: counts all attempts of the pipeline from 1; an attempt's lines are kept under it."""

    part: Part
    attempt: int
    time: float
    number: int = 0


class Committed(NamedTuple):
    """Its outputs are whole and stay as they are. cached: they are an earlier doing's. key: of
    their content (see `keys`); empty where it is not to be taken again."""

    part: Part
    time: float
    outputs: Mapping[str, Output] = {}
    cached: bool = False
    key: str = ""


class Broke(NamedTuple):
    """An attempt ended badly. cause: a sentence. final: no other one would end better."""

    part: Part
    attempt: int
    time: float
    cause: str
    code: Optional[int] = None
    final: bool = False


class Dropped(NamedTuple):
    """An attempt was given up by whoever drove it, and says nothing of the step: it is done again,
    and no retry is used up."""

    part: Part
    attempt: int
    time: float


class LeftOut(NamedTuple):
    step: str
    time: float
    why: str


class Noted(NamedTuple):
    """Something that a user should know, and that stopped nothing."""

    text: str
    time: float


class Finished(NamedTuple):
    """The pipeline is over."""

    state: str
    time: float
    why: str = ""


Fact = Union[Expanded, Started, Committed, Broke, Dropped, LeftOut, Noted, Finished]
_KINDS: Dict[str, Any] = {
    "expanded": Expanded,
    "started": Started,
    "committed": Committed,
    "broke": Broke,
    "dropped": Dropped,
    "left-out": LeftOut,
    "noted": Noted,
    FINISHED: Finished,
}
_OF_PARTS = (Started, Committed, Broke, Dropped)
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_event(seq: int, fact: Fact) -> Event:
    """seq counts a pipeline's facts from 1."""
    data: Dict[str, Any] = dict(fact._asdict())
    if isinstance(fact, Committed):
        data["outputs"] = plain(fact.outputs)
    part = data.pop("part", None)
    if part is not None:
        data = dict({"step": part.step}, **({} if part.at < 0 else {"at": part.at}), **data)
    return Event(seq, data.pop("time"), _NAMES[type(fact)], data)


def from_event(event: Event) -> Fact:
    """Errors: KeyError, TypeError for what is no fact that this version knows."""
    kind = _KINDS[event.kind]
    fields = dict(event.data, time=event.time)
    if kind in _OF_PARTS:
        fields["part"] = Part(fields.pop("step"), fields.pop("at", -1))
    if "items" in fields:
        fields["items"] = tuple(fields["items"])
    if "outputs" in fields:
        fields["outputs"] = outputs_of(fields["outputs"])
    fact: Fact = kind(**fields)
    return fact
