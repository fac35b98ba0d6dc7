"""Where a pipeline stands, step by step, as its facts tell it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rankzero.agent.events import Event
from rankzero.driver import facts
from rankzero.driver.engine import Engine, Given, StepState
from rankzero.driver.facts import Part
from rankzero.driver.graph import Graph


class Attempt(NamedTuple):
    """One attempt of a part. ended: None while it runs. cause: of one that ended badly."""

    part: Part
    attempt: int
    number: int
    started: float
    ended: float | None = None
    cause: str = ""


class Failure(NamedTuple):
    """What ended badly, and is not tried again. attempt: None for what never began."""

    fact: facts.Broke
    attempt: Attempt | None


class StepInfo(NamedTuple):
    """One step. done, total, failed: of its parts; total is None while the list is not known.
    cached: how many of them were an earlier result. started, ended: None before that. cause: why it
    failed, was left out, or cannot begin."""

    name: str
    state: str
    done: int
    total: int | None
    failed: int
    cached: int
    attempts: int
    started: float | None
    ended: float | None
    cause: str
    outputs: Mapping[str, Given]


class Progress:
    """A fold of facts. Its graph's steps are in an order in which they can be done.

    last: the number of the last one. began, ended: of the pipeline.
    """

    def __init__(self, graph: Graph, events: Iterable[Event] = ()) -> None:
        self._engine = Engine(graph)
        self.attempts: dict[int, Attempt] = {}
        self.began: float | None = None
        self.ended: facts.Finished | None = None
        self.last = 0
        self._times: dict[str, list[float]] = {name: [] for name in graph}
        self._cached = dict.fromkeys(graph, 0)
        self._running: dict[Part, int] = {}
        for event in events:
            self.take(event)

    def take(self, event: Event) -> facts.Fact:
        fact = facts.from_event(event)
        self._engine.take(fact)
        self.last = event.seq
        self.began = event.time if self.began is None else self.began
        if isinstance(fact, facts.Finished):
            self.ended = fact
        elif isinstance(fact, (facts.Expanded, facts.LeftOut)):
            self._times[fact.step].append(event.time)
        elif not isinstance(fact, facts.Noted):
            self._times[fact.part.step].append(event.time)
            self._attempt(fact)
        return fact

    @property
    def state(self) -> str:
        return self.ended.state if self.ended is not None else facts.RUNNING

    def knows(self, number: int) -> bool:
        """Whether an attempt of this number has been told."""
        return number in self.attempts

    def name_of(self, number: int) -> str:
        """The part whose lines have this number: `train`, `each[3]`."""
        attempt = self.attempts.get(number)
        return "?" if attempt is None else str(attempt.part)

    def steps(self) -> list[StepInfo]:
        return [self.step(name) for name in self._engine.steps]

    def step(self, name: str) -> StepInfo:
        state, times = self._engine.steps[name], self._times[name]
        done = state.state == facts.SUCCEEDED
        return StepInfo(
            name,
            self._state(state),
            done=len(state.outputs),
            total=None if state.items is None else len(state.items),
            failed=state.failed,
            cached=self._cached[name],
            attempts=sum(state.attempts.values()),
            started=times[0] if times else None,
            ended=self._ended(state, times),
            cause=state.cause,
            outputs={name: state.output(name) for name in state.step.gives if done},
        )

    def _ended(self, state: StepState, times: list[float]) -> float | None:
        """What was under way when the pipeline was stopped ended with it."""
        if not times or not (state.over or self.ended is not None):
            return None
        return times[-1] if state.over or self.ended is None else self.ended.time

    def failures(self) -> list[Failure]:
        """All that failed for good, in the order in which it did."""
        # One that was dropped was begun again under its attempt's old count.
        known = {(one.part, one.attempt): one for one in self.attempts.values()}
        failed = self._engine.failed
        return [Failure(one, known.get((one.part, one.attempt))) for one in failed]

    def _state(self, state: StepState) -> str:
        """What had begun when the pipeline was stopped was stopped with it."""
        if self.ended is not None and not state.over:
            return facts.STOPPED if state.state == facts.RUNNING else facts.BLOCKED
        return state.state

    def _attempt(self, fact: facts.Started | facts.Committed | facts.Broke | facts.Dropped) -> None:
        if isinstance(fact, facts.Started):
            self._running[fact.part] = fact.number
            self.attempts[fact.number] = Attempt(fact.part, fact.attempt, fact.number, fact.time)
            return
        if isinstance(fact, facts.Committed) and fact.cached:
            self._cached[fact.part.step] += 1
        number = self._running.pop(fact.part, None)
        if number is not None:
            cause = fact.cause if isinstance(fact, facts.Broke) else ""
            known = self.attempts[number]
            self.attempts[number] = known._replace(ended=fact.time, cause=cause)
