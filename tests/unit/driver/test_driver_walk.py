"""The walk: what it writes, what it takes from the cache, and the ways in which it ends."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rankzero.driver import engine as do
from rankzero.driver import facts
from rankzero.driver.engine import Engine
from rankzero.driver.facts import Output, Part
from rankzero.driver.graph import Graph, Step, graph
from rankzero.driver.keys import key
from rankzero.driver.walk import Result, Walk
from support.walks import InMemory

VALUE = {"v": Output("digest", value="1")}


def walk(all_: InMemory, steps: Graph, slots: int = 2, rerun: Iterable[str] = ()) -> Walk:
    made = Walk(Engine(steps, slots), all_, all_, all_, left=all_.leave, rerun=rerun)
    made.resume()
    made.go()
    return made


def kinds(all_: InMemory) -> list[str]:
    return [facts.to_event(1, fact).kind for fact in all_.facts]


def two(key: str = "") -> Graph:
    return graph(
        [Step("a", gives={"v": "value"}, key=key), Step("b", takes={"v": ("a", "v")}, key=key)]
    )


def test_each_fact_is_written_before_the_next_thing_is_begun() -> None:
    all_ = InMemory()
    made = walk(all_, two())
    assert kinds(all_) == ["started"]
    made.done(Part("a"), 1, Result(VALUE))
    assert kinds(all_) == ["started", "committed", "started"]
    assert all_.begun[1].inputs == VALUE
    made.done(Part("b"), 1, Result({}))
    assert kinds(all_)[-2:] == ["committed", "finished"]
    assert all_.flushed == 1


def test_what_was_done_before_is_taken_unless_it_is_to_be_done_again() -> None:
    all_ = InMemory()
    made = walk(all_, two("k"))
    made.done(Part("a"), 1, Result(VALUE))
    made.done(Part("b"), 1, Result({}))
    again = InMemory()
    again.kept = all_.kept
    walk(again, two("k"))
    assert kinds(again) == ["committed", "committed", "finished"]
    assert again.begun == []

    redone = InMemory()
    redone.kept = all_.kept
    made = walk(redone, two("k"), rerun=["a"])
    assert [start.part for start in redone.begun] == [Part("a")]
    made.done(Part("a"), 1, Result({"v": Output("another")}))
    assert [start.part for start in redone.begun] == [Part("a"), Part("b")]


def test_a_key_is_of_the_inputs_the_item_and_the_kinds_of_outputs() -> None:
    keys = set()
    for gives, items in (({"v": "value"}, None), ({"v": "path"}, None), ({}, (1,)), ({}, (2,))):
        all_ = InMemory()
        made = walk(all_, graph([Step("a", gives=gives, items=items, key="k")]))
        part = Part("a") if items is None else Part("a", 0)
        made.done(part, 1, Result(dict.fromkeys(gives, Output("d"))))
        keys.update(all_.kept)
    assert len(keys) == 4


def test_what_was_under_way_is_done_again_under_another_number() -> None:
    all_ = InMemory(facts.Started(Part("a"), 1, 0.0, 1))
    walk(all_, two())
    assert kinds(all_) == ["started", "dropped", "started"]
    assert (all_.begun[0].attempt, all_.begun[0].number) == (1, 2)


def test_what_outlives_its_driver_goes_on_as_it_was_begun() -> None:
    all_ = InMemory(
        facts.Started(Part("a"), 1, 0.0, 1),
        facts.Broke(Part("a"), 1, 1.0, "exited with code 1"),
        facts.Started(Part("a"), 2, 2.0, 7),
    )
    all_.outlives = True
    made = walk(all_, graph([Step("a", retries=1, key="k", gives={"o": "value"})]))
    assert kinds(all_)[3:] == []
    assert [(one.part, one.attempt, one.number) for one in all_.begun] == [(Part("a"), 2, 7)]

    made.done(Part("a"), 2, Result(outputs={"o": Output("d", value="1")}))
    assert kinds(all_)[3:] == ["committed", "finished"]
    assert list(all_.kept) == [all_.facts[3].key]


def test_what_a_machine_took_along_is_done_again_without_a_retry() -> None:
    all_ = InMemory()
    made = walk(all_, graph([Step("a")]))
    for number in range(1, 6):
        made.done(Part("a"), 1, Result(cause="failed: node lost", lost=True))
        assert kinds(all_)[-2:] == ["dropped", "started"]
        assert all_.begun[-1].number == number + 1
    made.done(Part("a"), 1, Result(cause="failed: node lost", lost=True))
    assert kinds(all_)[-2:] == ["broke", "finished"], "there is more to it than machines"


def test_stopped_means_over_once_nothing_runs() -> None:
    all_ = InMemory()
    made = walk(all_, two())
    made.stop("somebody")
    assert all_.stopped == [(Part("a"), False)]
    assert kinds(all_) == ["started"]
    made.stop("somebody", now=True)
    assert all_.stopped[1:] == [(Part("a"), True)]
    made.done(Part("a"), 1, Result(cause="was stopped"))
    assert kinds(all_) == ["started", "dropped", "finished"]
    assert all_.facts[-1] == facts.Finished("stopped", all_.facts[-1].time, "somebody")
    made.stop("too late")
    made.note("too late")
    assert len(all_.facts) == 3


def test_what_is_stopped_after_a_failure_has_failed() -> None:
    all_ = InMemory()
    made = walk(all_, graph([Step("a"), Step("b")]))
    made.done(Part("a"), 1, Result(cause="exited with code 3", code=3))
    made.stop("somebody")
    made.done(Part("b"), 1, Result(cause="was stopped"))
    end = all_.facts[-1]
    assert isinstance(end, facts.Finished)
    assert (end.state, end.why) == (
        "failed",
        "a exited with code 3; then it was stopped by somebody",
    )


def test_what_is_left_is_not_over_and_goes_on_with_another_walk() -> None:
    all_ = InMemory()
    made = walk(all_, two())
    made.leave()
    made.done(Part("a"), 1, Result(cause="was stopped"))
    assert (kinds(all_), all_.left) == (["started", "dropped"], 1)

    made = walk(all_, two())
    made.done(Part("a"), 1, Result(VALUE))
    made.done(Part("b"), 1, Result({}))
    assert kinds(all_)[-1] == "finished"


def test_what_ends_well_while_it_is_stopped_is_kept() -> None:
    all_ = InMemory()
    made = walk(all_, two())
    made.stop("somebody")
    made.done(Part("a"), 1, Result(VALUE))
    assert kinds(all_) == ["started", "committed", "finished"]


@pytest.mark.parametrize("final", [False, True])
def test_a_failure_that_no_other_attempt_would_mend_is_the_last(final: bool) -> None:
    all_ = InMemory()
    made = walk(all_, graph([Step("a", retries=1)]))
    made.done(Part("a"), 1, Result(cause="no", final=final))
    assert len(all_.begun) == (1 if final else 2)


def test_others_have_their_turn_while_much_is_found_in_the_cache() -> None:
    all_, waiting = InMemory(), []
    steps = graph([Step("a", items=tuple(range(500)), key="k")])
    made = Walk(Engine(steps), all_, all_, all_, later=waiting.append)
    first = do.Start(Part("a", 0), 1, 1, {}, 0)
    all_.kept = {key(steps["a"], first._replace(item=item)): {} for item in range(500)}
    made.go()
    turns = 1
    while waiting:
        waiting.pop()()
        turns += 1
    assert kinds(all_).count("committed") == 500
    assert turns > 4


def test_a_note_is_told_once() -> None:
    all_ = InMemory()
    made = walk(all_, two())
    made.note("the cache is full")
    made.note("the cache is full")
    assert kinds(all_) == ["started", "noted"]
