"""Inputs that come one by one, their batches, and the answers: with a predictor that works when the
test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.serving import BadInput
from rankzero.serving.app.predict import pack
from rankzero.serving.batching.batcher import Batcher
from rankzero.serving.batching.deciding import Policy
from rankzero.serving.batching.working import Failed, Worker, work
from rankzero.serving.metrics import Metrics, shared
from rankzero.serving.types.plain import Json

NEVER = 1e6
POLICY = Policy(most=3, wait=0.0, room=100, patience=NEVER)


class Doubling:
    """A predictor, as far as a batch meets it. batches: what came."""

    output = Json()

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []

    def predict(self, batch: list[Any]) -> Any:
        self.batches.append(list(batch))
        if "wrong number" in batch:
            return batch[1:]
        if "bad" in batch:
            raise BadInput("bad is not taken")
        if "exit" in batch:
            raise SystemExit(3)
        return [ValueError("broken") if one == "error" else one * 2 for one in batch]


class Hand:
    """A worker that does its task when it is told to."""

    def __init__(self) -> None:
        self.tasks: list[Callable[[], None]] = []

    def do(self, task: Callable[[], None]) -> None:
        self.tasks.append(task)

    async def work(self) -> None:
        self.tasks.pop(0)()
        await asyncio.sleep(0)


class Bench:
    """A batcher with what it needs. Only in an event loop."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.predictor, self.hand, self.stuck = Doubling(), Hand(), 0
        self.metrics = Metrics(shared(1), 0, 1)
        self.batcher = Batcher(
            cast(Any, self.predictor),
            cast(Any, self.hand),
            policy,
            self.metrics,
            lambda output: output,
            self._stuck,
        )
        self.put = self.batcher.put

    def _stuck(self) -> None:
        self.stuck += 1

    async def finish(self) -> list[list[Any]]:
        """Work until there is nothing to do; all batches."""
        while self.hand.tasks:
            await self.hand.work()
        return self.predictor.batches

    def measured(self, name: str) -> float:
        start = f"rankzero_serving_{name} "
        (line,) = [one for one in self.metrics.text().splitlines() if one.startswith(start)]
        return float(line.split()[1])


def run(story: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(story())


def test_what_comes_while_the_predictor_works_is_the_next_batch() -> None:
    async def story() -> None:
        bench = Bench()
        answers = [bench.put(at) for at in range(6)]
        assert (len(bench.hand.tasks), bench.measured("queue_length")) == (1, 5)
        assert await bench.finish() == [[0], [1, 2, 3], [4, 5]]
        assert [one.result() for one in answers] == [0, 2, 4, 6, 8, 10]
        assert bench.measured("queue_length") == 0
        assert bench.measured("batch_size_count") == 3

    run(story)


def test_a_first_input_waits_for_others_until_the_batch_is_full() -> None:
    async def story() -> None:
        bench = Bench(POLICY._replace(wait=NEVER))
        for at in range(2):
            bench.put(at)
            await asyncio.sleep(0)
        assert bench.hand.tasks == []
        bench.put(2)
        assert await bench.finish() == [[0, 1, 2]]
        bench.put(3)
        assert await bench.finish() == [[0, 1, 2]], "the next one waits again"

    run(story)


def test_a_first_input_waits_no_longer_than_its_time() -> None:
    async def story() -> None:
        bench = Bench(POLICY._replace(wait=0.001))
        answer = bench.put(1)
        while not bench.hand.tasks:
            await asyncio.sleep(0)
        await bench.finish()
        assert await answer == 2

    run(story)


def test_whoever_hangs_up_is_not_predicted_and_holds_nobody_up() -> None:
    async def story() -> None:
        bench = Bench()
        for _ in range(4):
            bench.batcher.enter()
        first, second, third, fourth = (bench.put(at) for at in range(4))
        first.cancel()  # it is with the predictor already
        second.cancel()
        fourth.cancel()
        bench.batcher.leave()
        assert await bench.finish() == [[0], [2]]
        assert (third.result(), bench.measured("requests_in_flight")) == (4, 3)

    run(story)


def test_when_the_only_one_that_waited_hangs_up_the_next_one_waits_its_own_time() -> None:
    async def story() -> None:
        bench = Bench(POLICY._replace(wait=NEVER))
        bench.batcher.enter()
        bench.put(1).cancel()
        bench.batcher.leave()
        assert bench.measured("queue_length") == 0
        answers = [bench.put(at) for at in (2, 3, 4)]
        assert await bench.finish() == [[2, 3, 4]]
        assert [one.result() for one in answers] == [4, 6, 8]

    run(story)


def test_all_that_is_inside_is_refused_and_what_comes_late_hurts_nobody() -> None:
    async def story() -> None:
        bench = Bench()
        answers = [bench.put(at) for at in range(3)]
        answers[1].cancel()
        bench.batcher.refuse(RuntimeError("stuck"))
        assert [one.cancelled() for one in answers] == [False, True, False]
        assert [str(answers[at].exception()) for at in (0, 2)] == ["stuck", "stuck"]
        assert await bench.finish() == [[0]]
        after = bench.put(7)
        assert await bench.finish() == [[0], [7]]
        assert after.result() == 14

    run(story)


def test_one_batch_that_does_not_come_back_is_told() -> None:
    async def story() -> None:
        slow, quick = Bench(POLICY._replace(patience=0.0)), Bench()
        for bench in (slow, quick):
            bench.put(1)
            for _ in range(3):
                await asyncio.sleep(0)
        await quick.finish()
        assert (slow.stuck, quick.stuck) == (1, 0)

    run(story)


def test_who_is_refused_is_told_when_by_how_long_batches_take() -> None:
    async def story() -> None:
        bench = Bench()
        for _ in range(50):
            bench.batcher.enter()
        assert bench.batcher.retry_after == 1
        assert bench.measured("requests_in_flight") == 50

    run(story)


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=60), st.integers(1, 4))
def test_each_gets_its_own_answer_whatever_happens_in_between(
    story: list[int | None], most: int
) -> None:
    """None: the predictor does a batch; a number: an input comes, and the one that long before it
    hangs up."""

    async def told() -> None:
        bench = Bench(POLICY._replace(most=most))
        answers: list[asyncio.Future[Any]] = []
        for step in story:
            if step is not None:
                answers.append(bench.put(len(answers)))
                if 0 < step < len(answers):
                    answers[-1 - step].cancel()
            elif bench.hand.tasks:
                await bench.hand.work()
            assert len(bench.hand.tasks) <= 1, "one batch at a time"
        batches = await bench.finish()
        assert all(1 <= len(one) <= most for one in batches)
        came = [one for batch in batches for one in batch]
        assert came == sorted(set(came)), "in their order, each once"
        for at, answer in enumerate(answers):
            assert answer.cancelled() or answer.result() == 2 * at

    asyncio.run(told())


# -- what a predictor does to a batch


def done(*batch: Any, pack: Callable[[Any], Any] = lambda output: output) -> list[Any]:
    found = work(cast(Any, Doubling()), list(batch), pack)
    assert found.seconds >= 0 and len(found.results) == len(batch)
    return [one.whose if isinstance(one, Failed) else one for one in found.results]


@pytest.mark.parametrize(
    ("batch", "results"),
    [
        ([1, 2], [2, 4]),
        ([1, "bad", 3], [2, "input", 6]),
        (["bad"], ["input"]),
        ([1, "error"], [2, "code"]),
        (["exit"], ["code"]),
        ([1, "exit", 2], [2, "code", 4]),
        ([1, "wrong number", 2], [2, "output", 4]),
    ],
)
def test_one_that_cannot_be_predicted_costs_the_others_nothing(
    batch: list[Any], results: list[Any]
) -> None:
    assert done(*batch) == results


@pytest.mark.parametrize("wrong", ["text", b"bytes", {"a": 1}, None, 5, {1, 2}, iter([1])])
def test_what_is_no_list_of_outputs_is_the_predictor_s_fault(wrong: Any) -> None:
    class Odd(Doubling):
        def predict(self, batch: list[Any]) -> Any:
            return wrong

    (one,) = work(cast(Any, Odd()), [1], lambda output: output).results
    assert one.whose == "output"
    assert str(one.error).endswith(", not a list of outputs"), one.error


def test_an_output_that_cannot_be_sent_fails_alone() -> None:
    assert done(1.0, 1e308, pack=pack) == [b'{"output":2.0}', "output"]


def test_the_predictor_s_thread_does_one_thing_after_the_other() -> None:
    async def story() -> None:
        bench, metrics = Bench(), Metrics(shared(1), 0, 1)
        batcher = Batcher(
            cast(Any, bench.predictor), Worker(), POLICY, metrics, lambda one: one, bench._stuck
        )
        assert await asyncio.gather(*(batcher.put(at) for at in range(20))) == [
            2 * at for at in range(20)
        ]

    run(story)
