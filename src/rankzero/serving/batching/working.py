"""The one thread in which the user's code runs: the model is loaded and used in it, so the event
loop never waits for either."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from rankzero.serving.predictors import Predictor
from rankzero.serving.types.base import BadInput, BadOutput, name_of


class Failed(NamedTuple):
    """One input's prediction that came to nothing. whose: "input" (BadInput), "output" (what was
    returned is not what was declared) or "code" (it raised)."""

    whose: str
    error: BaseException


class Worked(NamedTuple):
    """A batch's outcome: for each input its encoded output, or a Failed. seconds: in `predict`."""

    results: list[Any]
    seconds: float


class Worker:
    """Takes one thing to do at a time; whoever gives it hears of its end in this thread."""

    def __init__(self) -> None:
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        # A daemon: a predictor that never returns must not keep the process from ending.
        threading.Thread(target=self._work, name="predictor", daemon=True).start()

    def do(self, task: Callable[[], None]) -> None:
        """task: tells its outcome itself, and raises nothing."""
        self._tasks.put(task)

    def _work(self) -> None:
        while True:
            self._tasks.get()()


def work(predictor: Predictor, batch: list[Any], pack: Callable[[Any], bytes]) -> Worked:
    """A batch's outcome, whatever the predictor does. pack: of an encoded output, what is sent.

    Where a batch of several raises, its inputs are tried one by one: one that cannot be predicted
    must not cost the others theirs.
    """
    began = time.perf_counter()
    try:
        outputs = _called(predictor, batch)
    except BaseException as error:  # SystemExit too: this thread is all there is
        if len(batch) == 1:
            return Worked([_failed(error)], time.perf_counter() - began)
        alone = [work(predictor, [one], pack) for one in batch]
        return Worked([one.results[0] for one in alone], time.perf_counter() - began)
    seconds = time.perf_counter() - began
    return Worked([_encoded(predictor, one, pack) for one in outputs], seconds)


def _called(predictor: Predictor, batch: list[Any]) -> list[Any]:
    """As many outputs as inputs. Errors: BadOutput, and whatever it raises."""
    outputs = predictor.predict(batch)
    listed = hasattr(outputs, "__len__") and hasattr(outputs, "__getitem__")  # arrays are, too
    if not listed or isinstance(outputs, str | bytes | dict):
        raise BadOutput(f"predict returned {name_of(outputs)}, not a list of outputs")
    if len(outputs) != len(batch):
        raise BadOutput(f"predict returned {len(outputs)} outputs for {len(batch)} inputs")
    return list(outputs)


def _encoded(predictor: Predictor, output: Any, pack: Callable[[Any], bytes]) -> Any:
    if isinstance(output, Exception):
        return _failed(output)
    try:
        return pack(predictor.output.encode(output))
    except Exception as error:  # an object of the user's may raise anything when it is looked at
        return _failed(error)


def _failed(error: BaseException) -> Failed:
    if isinstance(error, BadInput):
        return Failed("input", error)
    return Failed("output" if isinstance(error, BadOutput) else "code", error)
