"""Inputs come in one by one, go to the predictor in batches, and each gets its own answer back."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from rankzero.serving.batching.deciding import Policy, Take, Wait, next_batch, retry_after
from rankzero.serving.batching.working import Worked, Worker, work
from rankzero.serving.metrics import Metrics
from rankzero.serving.predictors import Predictor

#: How much of a new batch's time goes into the average that waiting is estimated by.
_NEW = 0.2


class _Item(NamedTuple):
    value: Any
    since: float
    answer: asyncio.Future[Any]


class Batcher:
    """One predictor's inputs. All of it happens on the event loop but the predictor's own work.

    inside: how many requests there are, by `enter` and `leave`; waiting: how many inputs.
    """

    def __init__(
        self,
        predictor: Predictor,
        worker: Worker,
        policy: Policy,
        metrics: Metrics,
        pack: Callable[[Any], bytes],
        stuck: Callable[[], None],
    ) -> None:
        """pack: of an encoded output, what is sent; called beside the predictor. stuck: called
        where a batch takes longer than the policy's patience."""
        self._predictor, self._worker, self.policy = predictor, worker, policy
        self._metrics, self._pack, self._stuck = metrics, pack, stuck
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Item] = deque()
        self._batch: list[_Item] = []
        self._timer: asyncio.TimerHandle | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._batch_seconds = 0.0
        self.inside = 0
        self._busy = False

    @property
    def retry_after(self) -> int:
        """Seconds after which one that is refused now may hope."""
        return retry_after(self.policy, self.inside, self._batch_seconds)

    def enter(self) -> None:
        """A request has come, whose input is not there yet."""
        self.inside += 1
        self._metrics.set("requests_in_flight", self.inside)

    def leave(self) -> None:
        """A request is over, however it went."""
        self.inside -= 1
        self._metrics.set("requests_in_flight", self.inside)
        if self._waiting and self._waiting[0].answer.done():  # its sender has gone
            self._look()

    def put(self, value: Any) -> asyncio.Future[Any]:
        """An input. The future's result is the packed output, or a Failed; one that is cancelled
        takes its input out of the queue."""
        answer = self._loop.create_future()
        self._waiting.append(_Item(value, time.monotonic(), answer))
        count = len(self._waiting)
        if self._busy or (self._timer is not None and count < self.policy.most):
            # There is a next look already: when the batch is done, or the first's time is over.
            self._metrics.set("queue_length", count)
        else:
            self._look()
        return answer

    def refuse(self, error: Exception) -> None:
        """Answer all that waits with an error, also what is with the predictor."""
        for item in (*self._waiting, *self._batch):
            if not item.answer.done():
                item.answer.set_exception(error)
        self._waiting.clear()

    def _look(self) -> None:
        """Begin a batch, or wait for the moment to."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._waiting[0].answer.done():
            self._waiting.popleft()
        waiting = len(self._waiting)
        self._metrics.set("queue_length", waiting)
        now = time.monotonic()
        oldest = self._waiting[0].since if waiting else now
        verdict = next_batch(self.policy, waiting, oldest, self._busy, now)
        if isinstance(verdict, Take):
            self._begin(verdict.inputs)
        elif isinstance(verdict, Wait):
            self._timer = self._loop.call_later(verdict.until - now, self._look)

    def _begin(self, count: int) -> None:
        taken: list[_Item] = []
        while self._waiting and len(taken) < count:
            item = self._waiting.popleft()
            if not item.answer.done():  # its sender has gone, or its time is over
                taken.append(item)
        self._batch = taken
        self._busy = True
        self._patience = self._loop.call_later(self.policy.patience, self._stuck)
        self._metrics.set("queue_length", len(self._waiting))
        values = [item.value for item in taken]

        def task() -> None:
            outcome = work(self._predictor, values, self._pack)
            self._loop.call_soon_threadsafe(self._done, taken, outcome)

        self._worker.do(task)

    def _done(self, taken: list[_Item], outcome: Worked) -> None:
        self._busy = False
        self._batch = []
        if self._patience is not None:
            self._patience.cancel()
        self._batch_seconds += _NEW * (outcome.seconds - self._batch_seconds)
        self._metrics.observe("predict_seconds", outcome.seconds)
        self._metrics.observe("batch_size", len(taken))
        for item, result in zip(taken, outcome.results, strict=True):
            if not item.answer.done():
                item.answer.set_result(result)
        self._look()
