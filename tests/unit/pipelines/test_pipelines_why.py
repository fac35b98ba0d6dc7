"""Why a pipeline failed, from its facts alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from rankzero.driver import facts
from rankzero.driver.facts import Part
from rankzero.driver.graph import Graph, Step, graph
from rankzero.pipelines.progress import Attempt, Progress
from rankzero.pipelines.why import account


class Told:
    """What is asked of a pipeline that is over: each attempt has written its number."""

    run = "digits-7f3a"

    def __init__(self, steps: Graph) -> None:
        self.graph = lambda: steps

    def inner_run(self, attempt: Attempt) -> str:
        return ""

    def last_lines(self, attempt: Attempt, most: int) -> list[str]:
        return [f"line {at} of {attempt.number}" for at in range(9)][-most:]


def lines(steps: Sequence[Step], *told: facts.Fact) -> list[str]:
    made = graph(steps)
    whole = (*told, facts.Finished(facts.FAILED, 9.0, "said at its end"))
    progress = Progress(made, [facts.to_event(seq, fact) for seq, fact in enumerate(whole, 1)])
    said = account(cast(Any, Told(made)), progress)
    return [f"{label}: {text}" if label else text for label, text in said]


def broke(number: int, part: Part, cause: str, attempt: int = 1) -> tuple[facts.Fact, facts.Fact]:
    started = facts.Started(part, attempt, float(number), number)
    return started, facts.Broke(part, attempt, float(number), cause, 1)


A, B, C = Step("a"), Step("b", retries=1), Step("c", needs=("a",))


def test_the_first_in_time_is_the_cause_and_the_others_follow() -> None:
    b_again = broke(3, Part("b"), "raised B", attempt=2)
    said = lines(
        [A, B, C], *broke(1, Part("b"), "raised"), *b_again, *broke(4, Part("a"), "raised A")
    )
    assert said == [
        "cause: b raised B (attempt 2 of 2)",
        *[f"line {at} of 3" for at in range(1, 9)],
        "also: a raised A",
        "line 7 of 4",
        "line 8 of 4",
        "effect: 1 step could not begin: c",
        "more: rankzero pipeline logs digits-7f3a --step b --step a",
    ]


def test_the_lines_are_those_of_the_attempt_that_failed_and_not_of_one_that_was_dropped() -> None:
    dropped = facts.Started(Part("a"), 1, 1.0, 1), facts.Dropped(Part("a"), 1, 1.0)
    assert "line 8 of 2" in lines([A], *dropped, *broke(2, Part("a"), "raised"))


def test_one_that_could_not_begin_has_no_lines() -> None:
    fault = facts.Broke(Part("a"), 1, 1.0, "cannot begin: no list", final=True)
    assert lines([A, C], fault) == [
        "cause: a cannot begin: no list",
        "effect: 1 step could not begin: c",
    ]


def test_where_no_step_is_to_blame_the_end_itself_says_why() -> None:
    assert lines([A]) == ["cause: said at its end"]


@pytest.mark.parametrize(("parts", "steps"), [(30, 3), (3, 30)])
def test_of_many_each_step_is_told_before_a_second_part_of_any(parts: int, steps: int) -> None:
    """Parts that fail alike are told together; each of these has a cause of its own."""
    told: list[facts.Fact] = [facts.Expanded("each", tuple(range(parts)))]
    for at in range(parts):
        told += broke(at + 1, Part("each", at), f"raised {at}")
    for at in range(steps):
        told += broke(parts + at + 1, Part(f"s{at}"), "raised")
    plain = [Step(f"s{at}") for at in range(steps)]
    said = lines([Step("each", items=tuple(range(parts))), *plain], *told)
    named = [line.partition(": ")[2] for line in said if line.startswith(("cause", "also"))]
    assert named[0] == "each[0] raised 0"
    assert len(named) == 11, "ten with their causes, and how many more there are"
    assert named[-1].startswith(f"{parts + steps - 10} more failed: ")
    expected = min(steps, 9)
    assert [line for line in named if line.startswith("s")] == [
        f"s{at} raised" for at in range(expected)
    ]


def test_parts_that_fail_alike_are_told_together() -> None:
    told: list[facts.Fact] = [facts.Expanded("each", tuple("abc"))]
    for at in (2, 0, 1):
        told += broke(at + 1, Part("each", at), "raised")
    said = lines([Step("each", items=tuple("abc"))], *told)
    assert said[0] == "cause: each[2] raised"
    assert said[-2:] == [
        "so did 2 other parts: each[0], each[1]",
        "more: rankzero pipeline logs digits-7f3a --step each",
    ]
