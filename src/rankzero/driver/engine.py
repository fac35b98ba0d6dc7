"""What a pipeline does next, from the facts so far. Pure: whoever drives it writes each fact into
the ledger, and then tells it to the engine; after a crash the ledger is told anew.

All that an engine ever does is in proportion to the parts and edges of its graph.
"""

import json
from collections import deque
from typing import (
    Any,
    Deque,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Union,
)

from rankzero.driver import conditions, facts
from rankzero.driver.facts import Output, Part
from rankzero.driver.filling import filled, literal
from rankzero.driver.graph import Graph, Step

#: What a list to go through may take as JSON (characters): it is one fact of the ledger.
LONGEST_LIST = 512 * 1024
#: A step that is done once is one part, of no item.
_ONCE = (None,)


#: One output, or, of a step that fans out, those of all its parts in order.
Given = Union[Output, Tuple[Output, ...]]


class Start(NamedTuple):
    """Do this. inputs: by their names. item: of the fan-out that it is a part of. number: see
    `facts.Started`."""

    part: Part
    attempt: int
    number: int
    inputs: Mapping[str, Given]
    item: Any = None


class Expand(NamedTuple):
    step: str
    items: Tuple[Any, ...]


class LeaveOut(NamedTuple):
    step: str
    why: str


class Fail(NamedTuple):
    """A part that cannot begin, for what was handed to it."""

    part: Part
    cause: str


class End(NamedTuple):
    state: str
    why: str = ""


Action = Union[Start, Expand, LeaveOut, Fail, End]


class StepState:
    """Where a step stands. open: steps that must be over before it. items: None until they are
    known. outputs: of each part that is committed, by its index. attempts: by index. failed: how
    many parts did, for good."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.state = facts.WAITING
        self.open = set(step.before)
        self.items: Optional[Tuple[Any, ...]] = None if step.fans_out else _ONCE
        self.outputs: Dict[int, Mapping[str, Output]] = {}
        self.attempts: Dict[int, int] = {}
        self.failed = 0
        self.cause = ""
        self._given: Dict[str, Given] = {}

    @property
    def over(self) -> bool:
        return self.state not in (facts.WAITING, facts.RUNNING)

    def output(self, name: str) -> Given:
        """Once it is over."""
        if not self.step.fans_out:
            return self.outputs[-1][name]
        if name not in self._given:
            ordered = sorted(self.outputs)
            self._given[name] = tuple(self.outputs[index][name] for index in ordered)
        return self._given[name]

    def parts(self) -> Iterator[Part]:
        for index in range(len(self.items or ())):
            yield Part(self.step.name, index if self.step.fans_out else -1)


class Engine:
    """slots: how many parts run at once.

    steps, running, ended, attempts (how many were ever begun), and failed (what nothing was tried
    after, in order: its first one failed the first step that did) are to be looked at only.
    """

    def __init__(self, graph: Graph, slots: int = 1) -> None:
        self.steps = {name: StepState(step) for name, step in graph.items()}
        self.running: Dict[Part, int] = {}
        self._numbers: Dict[Part, int] = {}
        self.ended: Optional[facts.Finished] = None
        self.failed: List[facts.Broke] = []
        self._slots = slots
        self.attempts = 0
        self._after: Dict[str, List[str]] = {name: [] for name in graph}
        for name, step in graph.items():
            for before in step.before:
                self._after[before].append(name)
        self._ready = deque(name for name, one in self.steps.items() if not one.open)
        self._due: Deque[Part] = deque()
        self._asked: Set[Part] = set()
        self._open = len(self.steps)

    # -- what is so

    def take(self, fact: facts.Fact) -> None:
        """One fact, after it was written."""
        if isinstance(fact, facts.Finished):
            self.ended = fact
        elif isinstance(fact, facts.Expanded):
            self._expanded(fact)
        elif isinstance(fact, facts.LeftOut):
            self.steps[fact.step].cause = fact.why
            self._over(fact.step, facts.SKIPPED)
        elif not isinstance(fact, facts.Noted):
            self._asked.discard(fact.part)
            self._about_part(fact)

    def _expanded(self, fact: facts.Expanded) -> None:
        step = self.steps[fact.step]
        step.items = fact.items
        self._due.extend(step.parts())
        if not fact.items:
            self._over(fact.step, facts.SUCCEEDED)

    def _about_part(
        self, fact: Union[facts.Started, facts.Committed, facts.Broke, facts.Dropped]
    ) -> None:
        step, part = self.steps[fact.part.step], fact.part
        if isinstance(fact, facts.Started):
            self.running[part] = step.attempts[part.at] = fact.attempt
            self.attempts = max(self.attempts, fact.number)
            self._numbers[part] = fact.number
            step.state = step.state if step.over else facts.RUNNING
            return
        self.running.pop(part, None)
        self._numbers.pop(part, None)
        if isinstance(fact, facts.Committed):
            step.outputs[part.at] = fact.outputs
            if len(step.outputs) == len(step.items or ()) and not step.over:
                self._over(part.step, facts.SUCCEEDED)
        elif isinstance(fact, facts.Dropped):
            step.attempts[part.at] = fact.attempt - 1
            self._due.append(part)
        elif fact.attempt <= step.step.retries and not fact.final and not step.over:
            self._due.append(part)
        else:
            self.failed.append(fact)
            step.failed += 1
            step.cause = step.cause or fact.cause
            self._over(part.step, facts.FAILED)

    def _over(self, name: str, state: str) -> None:
        """A step is over; what waited for it is ready, or will never be."""
        ended = deque([(name, state)])
        while ended:
            name, state = ended.popleft()
            if self.steps[name].over:
                continue
            self.steps[name].state = state
            self._open -= 1
            for after in self._after[name]:
                if state in (facts.FAILED, facts.BLOCKED):
                    self.steps[after].cause = "`%s` %s" % (name, _WORDS[state])
                    ended.append((after, facts.BLOCKED))
                    continue
                waiting = self.steps[after].open
                waiting.discard(name)
                if not waiting:
                    self._ready.append(after)

    # -- what is to be done

    def due(self) -> Iterator[Action]:
        """What is to be done now, each once: the fact that comes of an action must be taken before
        the next action is asked for."""
        while self.ended is None:
            if self._ready:
                name = self._ready.popleft()
                if not self.steps[name].over:
                    yield from self._begun(self.steps[name])
            elif self._due and len(self.running) + len(self._asked) < self._slots:
                part = self._due.popleft()
                if self._waits(part):
                    self._asked.add(part)
                    yield self._start(part)
            else:
                break
        if self.ended is None and not (self._open or self.running or self._asked):
            yield self._end()

    def _begun(self, state: StepState) -> Iterator[Action]:
        step = state.step
        for source, _ in step.reads:
            if self.steps[source].state == facts.SKIPPED:
                yield LeaveOut(step.name, "`%s` was left out" % source)
                return
        try:
            said = filled(step.when, self._literal)
            if said and not conditions.holds(said):
                yield LeaveOut(step.name, "%s does not hold: %s" % (step.when, said))
            elif step.fans_out and state.items is None:
                yield Expand(step.name, self._items(step))
            elif not step.fans_out:
                self._due.extend(state.parts())
        except ValueError as error:
            yield Fail(Part(step.name), "cannot begin: %s" % error)

    def _waits(self, part: Part) -> bool:
        """Whether it is still to be done. A ledger that is told anew has begun, or committed, what
        its engine holds for due."""
        state = self.steps[part.step]
        begun = part in self.running or part in self._asked or part.at in state.outputs
        return not state.over and not begun

    def again(self, part: Part) -> Start:
        """What an attempt that runs was begun with."""
        return self._started(part, self.running[part], self._numbers[part])

    def _start(self, part: Part) -> Start:
        self.attempts += 1
        attempt = self.steps[part.step].attempts.get(part.at, 0) + 1
        return self._started(part, attempt, self.attempts)

    def _started(self, part: Part, attempt: int, number: int) -> Start:
        state = self.steps[part.step]
        inputs = {
            name: self.steps[source].output(output)
            for name, (source, output) in state.step.takes.items()
        }
        assert state.items is not None
        return Start(part, attempt, number, inputs, state.items[max(part.at, 0)])

    def _items(self, step: Step) -> Tuple[Any, ...]:
        """Errors: ValueError for a value that is no list in JSON."""
        if step.items_of is None:
            return step.items or ()
        source, output = step.items_of
        given = self.steps[source].output(output)
        if isinstance(given, Output):
            items = _parsed(given.value)
            if not isinstance(items, list):
                raise ValueError(
                    "`%s.%s` must be a list in JSON to go through; got %s"
                    % (source, output, json.dumps(given.value[:60]))
                )
        else:
            items = [one.value for one in given]
        if len(json.dumps(items)) > LONGEST_LIST:
            raise ValueError(
                "`%s.%s` is a list of more than %d KiB, the most that can be gone through"
                % (source, output, LONGEST_LIST // 1024)
            )
        return tuple(items)

    def _literal(self, name: str) -> str:
        source, _, output = name.partition(".")
        given = self.steps[source].output(output)
        if isinstance(given, Output):
            return literal(given.value)
        return "[%s]" % ", ".join(literal(one.value) for one in given)

    def _end(self) -> End:
        return End(facts.FAILED, self.why()) if self.failed else End(facts.SUCCEEDED)

    def why(self) -> str:
        """What failed first, and how many others did; empty where nothing has."""
        if not self.failed:
            return ""
        first, *others = self.failed
        more = " (%d more failed)" % len(others) if others else ""
        return "%s %s%s" % (first.part, first.cause, more)


def _refuse(word: str) -> Any:
    """JSON has no NaN, and neither has whoever reads the ledger."""
    raise ValueError(word)


def _parsed(text: str) -> Any:
    """None for what is no JSON, or holds what no process can be given."""
    try:
        items = json.loads(text, parse_constant=_refuse)
        json.dumps(items, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return items


_WORDS = {facts.FAILED: "failed", facts.BLOCKED: "could not begin"}
