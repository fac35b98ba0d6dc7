"""The engine of pipelines, driven through graphs that chance makes, with crashes anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.agent.events import from_line, to_line
from rankzero.driver import engine as do
from rankzero.driver import facts
from rankzero.driver.engine import Engine
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Graph, Step, graph


@dataclass
class Drive:
    """A driver that writes down everything, and can be killed after any fact.

    fails: how many attempts of a part end badly. ledger: what outlives it.
    """

    steps: Graph
    slots: int = 2
    fails: dict[str, int] = field(default_factory=dict)
    ledger: list[facts.Fact] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    done: list[Part] = field(default_factory=list)

    def run(self, most: int = 1_000_000) -> Engine:
        """From where the ledger stands, for so many facts at most."""
        self._engine = Engine(self.steps, slots=self.slots)
        self._left = most
        for fact in self.ledger:
            self._engine.take(fact)
        for part, attempt in [*self._engine.running.items()]:
            self._tell(facts.Dropped(part, attempt, 0.0))
        while self._engine.ended is None and self._left > 0:
            self._turn()
        return self._engine

    def _turn(self) -> None:
        for action in self._engine.due():
            self._tell(self._fact(action))
            assert len(self._engine.running) <= self.slots
            if self._left <= 0:
                return
        for part, attempt in [*self._engine.running.items()]:
            self._tell(self._ended(part, attempt))
            if self._left <= 0:
                return

    def _fact(self, action: do.Action) -> facts.Fact:
        if isinstance(action, do.Start):
            return facts.Started(action.part, action.attempt, 0.0, action.number)
        if isinstance(action, do.Expand):
            return facts.Expanded(action.step, action.items)
        if isinstance(action, do.LeaveOut):
            return facts.LeftOut(action.step, 0.0, action.why)
        if isinstance(action, do.Fail):
            return facts.Broke(action.part, 1, 0.0, action.cause, final=True)
        return facts.Finished(action.state, 0.0, action.why)

    def _ended(self, part: Part, attempt: int) -> facts.Fact:
        if attempt <= self.fails.get(part.step, 0):
            return facts.Broke(part, attempt, 0.0, "exited with code 1", 1)
        gives = self.steps[part.step].gives
        value = self.values.get(part.step, "1")
        return facts.Committed(part, 0.0, {name: Output("d", value=value) for name in gives})

    def _tell(self, fact: facts.Fact) -> None:
        if isinstance(fact, facts.Started):
            assert fact.part not in self.done, "what is committed is never done again"
            for before in self.steps[fact.part.step].before:
                assert self._engine.steps[before].over
        if isinstance(fact, facts.Committed):
            self.done.append(fact.part)
        self.ledger.append(fact)
        self._engine.take(fact)
        self._left -= 1


@st.composite
def drives(draw: st.DrawFn) -> Drive:
    steps, fails = [], {}
    for at in range(draw(st.integers(1, 8))):
        name, earlier = f"s{at}", [f"s{one}" for one in range(at)]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        takes = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        items = draw(st.none() | st.lists(st.integers(), max_size=3).map(tuple))
        steps.append(
            Step(
                name,
                tuple(needs),
                {f"from-{one}": (one, "out") for one in takes},
                {"out": "value"},
                when=draw(st.sampled_from(["", "", "1 < 2", "2 < 1"])),
                items=items,
                retries=draw(st.integers(0, 2)),
            )
        )
        fails[name] = draw(st.sampled_from([0, 0, 0, 1, 3]))
    return Drive(graph(steps), slots=draw(st.integers(1, 3)), fails=fails)


@given(drives(), st.lists(st.integers(1, 12), max_size=6))
def test_it_comes_to_the_same_end_wherever_its_driver_is_killed(
    drive: Drive, kills: list[int]
) -> None:
    whole = Drive(drive.steps, drive.slots, drive.fails)
    meant = whole.run()
    for most in kills:
        drive.run(most)

    ended = drive.run()
    states = {name: one.state for name, one in ended.steps.items()}
    assert states == {name: one.state for name, one in meant.steps.items()}
    assert ended.ended is not None and meant.ended is not None
    assert ended.ended.state == meant.ended.state
    # Which of several failed first may be another one: what was under way is begun again.
    assert bool(ended.failed) == bool(meant.failed)
    assert all(states[one.part.step] == facts.FAILED for one in ended.failed)
    assert sorted(drive.done) == sorted(set(drive.done)) == sorted(whole.done)


@given(drives())
def test_facts_are_the_same_after_a_way_through_json(drive: Drive) -> None:
    drive.run()
    lines = [to_line(facts.to_event(seq, fact)) for seq, fact in enumerate(drive.ledger, 1)]
    events = [event for event in map(from_line, lines) if event is not None]
    assert [facts.from_event(event) for event in events] == drive.ledger


@given(drives())
def test_the_end_tells_what_failed_and_what_could_not_begin(drive: Drive) -> None:
    engine = drive.run()
    assert engine.ended is not None
    failed = {name for name, one in engine.steps.items() if one.state == facts.FAILED}
    blocked = {name for name, one in engine.steps.items() if one.state == facts.BLOCKED}
    assert engine.ended.state == (facts.FAILED if failed else facts.SUCCEEDED)
    assert {one.part.step for one in engine.failed} == failed
    assert all(
        sum(one.part.step == name for one in engine.failed) == step.failed
        for name, step in engine.steps.items()
    )
    for name in blocked:
        assert {*drive.steps[name].before} & (failed | blocked)
    assert not engine.running


def test_a_step_goes_through_a_list_that_another_gave() -> None:
    steps = graph(
        [
            Step("list", gives={"names": "value"}),
            Step("each", gives={"out": "value"}, items_of=("list", "names")),
            Step("last", takes={"all": ("each", "out")}),
        ]
    )
    drive = Drive(steps, values={"list": '["a", "b"]'})
    engine = drive.run()

    assert drive.done == [Part("list"), Part("each", 0), Part("each", 1), Part("last")]
    assert engine.steps["each"].items == ("a", "b")
    assert [str(part) for part in drive.done] == ["list", "each[0]", "each[1]", "last"]


def test_a_list_that_is_none_fails_the_step_and_says_what_was_got() -> None:
    steps = graph([Step("list", gives={"n": "value"}), Step("each", items_of=("list", "n"))])
    engine = Drive(steps, values={"list": "three"}).run()
    assert engine.ended is not None
    assert (
        engine.ended.why
        == 'each cannot begin: `list.n` must be a list in JSON to go through; got "three"'
    )


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ("${check.score} >= 0.9", facts.SUCCEEDED),
        ("${check.score} < 0.9", facts.SKIPPED),
        ("not ${check.score} < 0.9 and true", facts.SUCCEEDED),
        ("${check.score} == '0.93'", facts.SKIPPED),
        ("0.93 == ${check.score} < 1 or false", facts.SUCCEEDED),
        ("${check.score} in [0.92, 0.93]", facts.SUCCEEDED),
        ("${check.score} != word", facts.SUCCEEDED),
        ("${check.score}", facts.FAILED),
        ("'${check.score}'", facts.FAILED),
        ("not ${check.score}", facts.FAILED),
        ("word", facts.FAILED),
        ("${check.score} < word", facts.FAILED),
        ("lambda: 1", facts.FAILED),
        ("[x for x in [1]] == [1]", facts.FAILED),
        ("__import__('os')", facts.FAILED),
        ("${check.score} >=", facts.FAILED),
    ],
)
def test_a_condition_reads_values(when: str, state: str) -> None:
    steps = graph([Step("check", gives={"score": "value"}), Step("deploy", ("check",), when=when)])
    assert Drive(steps, values={"check": "0.93"}).run().steps["deploy"].state == state


@pytest.mark.parametrize(
    ("value", "when", "state"),
    [
        ("007", "${a.v} == '007'", facts.SUCCEEDED),
        ("nan", "${a.v} < 1", facts.SKIPPED),
        ("inf", "${a.v} > 1e300", facts.SUCCEEDED),
        (" 0.5 ", "${a.v} == 0.5", facts.SUCCEEDED),
        ("False", "${a.v}", facts.SKIPPED),
        ("True", "${a.v} == true", facts.SUCCEEDED),
        ("no", "${a.v}", facts.FAILED),
        ('quote " and \\ back', "${a.v} != ''", facts.SUCCEEDED),
        ("\U0001f600\u2028", "${a.v} == '\U0001f600\u2028'", facts.SUCCEEDED),
    ],
)
def test_a_value_stands_in_a_condition_as_what_it_is(value: str, when: str, state: str) -> None:
    steps = graph([Step("a", gives={"v": "value"}), Step("b", when=when)])
    assert Drive(steps, values={"a": value}).run().steps["b"].state == state


def test_the_first_failure_is_the_cause_whatever_stands_first_in_the_file() -> None:
    engine = Engine(graph([Step("z"), Step("b")]), slots=2)
    list(engine.due())
    for name in ("z", "b"):
        engine.take(facts.Started(Part(name), 1, 0.0, 1))
    engine.take(facts.Broke(Part("b"), 1, 1.0, "exited with code 3"))
    engine.take(facts.Broke(Part("z"), 1, 2.0, "exited with code 4"))
    (end,) = engine.due()
    assert end == do.End(facts.FAILED, "b exited with code 3 (1 more failed)")


@pytest.mark.parametrize("items", ['["\\ud800"]', "[" * 5000, '["%s"]' % ("x" * do.LONGEST_LIST)])
def test_a_list_that_no_ledger_holds_fails_its_step(items: str) -> None:
    steps = graph([Step("list", gives={"n": "value"}), Step("each", items_of=("list", "n"))])
    engine = Drive(steps, values={"list": items}).run()
    assert engine.ended is not None
    assert engine.ended.why.startswith("each cannot begin: `list.n` ")


def test_steps_that_wait_for_each_other_are_named() -> None:
    with pytest.raises(ValueError, match="a -> b -> c -> a"):
        graph([Step("a", ("c",)), Step("b", ("a",)), Step("c", ("b",))])


def test_a_chain_of_thousands_is_no_matter() -> None:
    steps = [Step("s0"), *(Step(f"s{at}", (f"s{at - 1}",)) for at in range(1, 5000))]
    drive = Drive(graph(reversed(steps)))
    assert drive.run().ended == facts.Finished(facts.SUCCEEDED, 0.0)
    assert drive.done == [Part(f"s{at}") for at in range(5000)]
