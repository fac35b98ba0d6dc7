"""What comes out of a pipeline is no matter of luck: of the order in which parts end, of how many
run at once, of where its driver died."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from rankzero.driver import engine as do
from rankzero.driver import facts
from rankzero.driver.engine import Engine
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Graph, Step, graph
from rankzero.driver.keys import key
from rankzero.driver.walk import Result, Walk
from support.walks import InMemory


class Asked(NamedTuple):
    """A pipeline. fails: how many attempts of a step's parts end badly; those at odd places of a
    list never do."""

    steps: Graph
    fails: Mapping[str, int]


class Played(InMemory):
    """A walk of it, whose parts end in an order that chance chooses. known: what its ledger holds
    already. kept: of an earlier walk, its cache."""

    def __init__(
        self,
        asked: Asked,
        chance: Random,
        slots: int = 2,
        known: Iterable[facts.Fact] = (),
        kept: Mapping[str, Mapping[str, Output]] | None = None,
    ) -> None:
        super().__init__(*known, kept=kept)
        self._asked, running = asked, []
        self._running: list[do.Start] = running
        self.engine = Engine(asked.steps, slots)
        walk = Walk(self.engine, self, self, self)
        walk.resume()
        walk.go()
        while self.engine.ended is None:
            assert len(running) <= slots
            start = running.pop(chance.randrange(len(running)))
            walk.done(start.part, start.attempt, self._result(start))

    def _result(self, start: do.Start) -> Result:
        step = self._asked.steps[start.part.step]
        fails = 0 if start.part.at % 2 == 1 and start.part.at >= 0 else self._asked.fails[step.name]
        if start.attempt <= fails:
            return Result(cause="exited with code 1", code=1)
        told = key(step._replace(key="k"), start) + step.name
        out = hashlib.sha256(told.encode()).hexdigest()
        return Result({"out": Output(out, value=out), "n": _N, "list": _LIST})

    # -- as a doer

    def begin(self, start: do.Start) -> None:
        super().begin(start)
        self._running.append(start)

    def stop(self, part: Part, *, now: bool = False) -> None:
        raise AssertionError("nobody asks for that")

    # -- what came of it

    @property
    def states(self) -> dict[str, str]:
        return {name: one.state for name, one in self.engine.steps.items()}

    @property
    def handed_on(self) -> dict[str, Any]:
        """Of a step that failed in one of its parts, others may have been done, or not."""
        steps = self.engine.steps.items()
        return {name: one.outputs for name, one in steps if one.state != facts.FAILED}

    def same(self, other: Played) -> bool:
        assert self.engine.ended is not None and other.engine.ended is not None
        assert self.engine.ended.state == other.engine.ended.state
        assert self.states == other.states
        return self.handed_on == other.handed_on


_N, _LIST = Output("n", value="7"), Output("l", value='["a", {"b": 1}, 3]')
_GIVES = dict.fromkeys(("out", "n", "list"), "value")


@st.composite
def pipelines(draw: st.DrawFn, cached: bool = False) -> Asked:
    steps: dict[str, Step] = {}
    fails = {}
    for at in range(draw(st.integers(1, 7))):
        name, earlier = f"s{at}", sorted(steps)
        single = [one for one in earlier if not steps[one].fans_out]
        some = (
            st.lists(st.sampled_from(earlier), unique=True, max_size=3) if earlier else st.just([])
        )
        when = ["", "", "1 < 2", "2 < 1", *(f"${{{one}.n}} == 7" for one in single)]
        through = [None, None, (), (1, "b", None), *((one, "list") for one in single)]
        items = draw(st.sampled_from(through))
        of = items is not None and len(items) == 2
        steps[name] = Step(
            name,
            tuple(draw(some)),
            {f"from-{one}": (one, "out") for one in draw(some)},
            _GIVES,
            when=draw(st.sampled_from(when)),
            items=None if of else items,
            items_of=items if of else None,
            retries=draw(st.integers(0, 2)),
            key=draw(st.sampled_from(["", name])) if cached else "",
        )
        fails[name] = draw(st.sampled_from([0, 0, 0, 0, 1, 3]))
    return Asked(graph(steps.values()), fails)


slots = st.integers(1, 4)


@settings(max_examples=50)
@given(pipelines(), st.randoms(), slots, st.randoms(), slots)
def test_neither_the_order_of_ends_nor_how_many_run_at_once_changes_what_comes_out(
    asked: Asked, one: Random, few: int, another: Random, many: int
) -> None:
    assert Played(asked, one, few).same(Played(asked, another, many))


@settings(max_examples=50)
@given(pipelines(), st.randoms(), slots, st.data())
def test_a_ledger_that_was_cut_anywhere_leads_to_the_same_end(
    asked: Asked, chance: Random, at_once: int, data: st.DataObject
) -> None:
    """As by a machine that went down, and took the last facts along."""
    whole = Played(asked, chance, at_once)
    cut = data.draw(st.integers(0, len(whole.facts)), label="cut")
    known = whole.facts[:cut]
    resumed = Played(asked, chance, at_once, known)

    assert whole.same(resumed)
    assert resumed.facts[:cut] == known
    committed = {fact.part for fact in known if isinstance(fact, facts.Committed)}
    assert not committed & {start.part for start in resumed.begun}
    numbers = [fact.number for fact in resumed.facts if isinstance(fact, facts.Started)]
    assert numbers == sorted(set(numbers)), "no attempt ever has another one's number"
    again = Played(asked, chance, at_once, resumed.facts)
    assert (again.facts, again.begun) == (resumed.facts, []), "what is over stays so"


@settings(max_examples=50)
@given(pipelines(cached=True), st.randoms(), slots)
def test_what_an_earlier_run_left_gives_what_doing_it_again_would(
    asked: Asked, chance: Random, at_once: int
) -> None:
    whole = Played(asked, chance, at_once)
    again = Played(asked, chance, at_once, kept=whole.kept)

    assert whole.same(again)
    done = {start.part.step for start in again.begun}
    for name, step in asked.steps.items():
        if step.key and whole.states[name] == facts.SUCCEEDED:
            assert name not in done, "it was in the cache"
