"""Counts and times of all workers: numbers in memory that they share, and Prometheus' text of them.

Each worker writes its own row, so nobody locks; whoever is asked adds the rows up. A worker that
takes another's place goes on in its row, so counts never fall.
"""

from __future__ import annotations

import bisect
import mmap
import os
from collections.abc import Iterator, Sequence

STATUSES = (200, 400, 401, 404, 405, 408, 413, 415, 422, 429, 499, 500, 503, 504)
#: Upper bounds of the histograms (seconds; inputs a batch).
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

#: Single numbers: Prometheus' type and what they mean.
NUMBERS = {
    "requests_in_flight": ("gauge", "Predictions that are asked for and not yet answered."),
    "queue_length": ("gauge", "Inputs that wait for the predictor."),
    "workers_ready": ("gauge", "Workers whose model is loaded."),
    "worker_starts_total": ("counter", "How often a worker was started."),
}
HISTOGRAMS: dict[str, tuple[Sequence[float], str]] = {
    "request_seconds": (SECONDS, "Predictions, from a request's head to its answer."),
    "predict_seconds": (SECONDS, "Calls of predict."),
    "batch_size": (SIZES, "Inputs a call of predict."),
}
_PREFIX = "rankzero_serving_"


def _layout() -> dict[str, int]:
    """Where each number is in a row; a histogram's buckets follow its sum."""
    places: dict[str, int] = {}
    at = 0
    for name, size in (
        ("loaded", 1),  # whether it ever was ready
        *((f"requests_{status}", 1) for status in STATUSES),
        *((name, 1) for name in NUMBERS),
        *((name, len(bounds) + 2) for name, (bounds, _) in HISTOGRAMS.items()),
    ):
        places[name] = at
        at += size
    return {**places, "": at}


_AT = _layout()
_WIDTH = _AT[""]


def shared(workers: int) -> int:
    """A descriptor of the memory for so many rows, for the workers to inherit."""
    fd = os.memfd_create("rankzero-serving-metrics", 0)
    os.ftruncate(fd, workers * _WIDTH * 8)
    return fd


class Metrics:
    """A worker's view: its own row to write, all rows to read. It is one thread's to write."""

    def __init__(self, fd: int, row: int, workers: int) -> None:
        memory = mmap.mmap(fd, workers * _WIDTH * 8)
        self._all = memoryview(memory).cast("d")
        self._row = self._all[row * _WIDTH : (row + 1) * _WIDTH]
        self._workers = workers

    def begin(self) -> None:
        """A worker begins."""
        self.end()
        self.add("worker_starts_total", 1)

    def end(self) -> None:
        """What a row says of now is no longer so."""
        for name in ("requests_in_flight", "queue_length", "workers_ready"):
            self.set(name, 0)

    def set(self, name: str, value: float) -> None:
        self._row[_AT[name]] = value

    def add(self, name: str, value: float) -> None:
        self._row[_AT[name]] += value

    def ready(self) -> None:
        """The model is loaded."""
        self.set("workers_ready", 1)
        self.set("loaded", 1)

    def all_loaded(self) -> bool:
        """Whether each worker's model was ready at least once: the server has started."""
        return all(self._all[row * _WIDTH + _AT["loaded"]] for row in range(self._workers))

    def answered(self, status: int, seconds: float) -> None:
        """A prediction was answered."""
        place = _AT.get(f"requests_{status}")
        self._row[_AT["requests_500"] if place is None else place] += 1
        self.observe("request_seconds", seconds)

    def observe(self, name: str, value: float) -> None:
        """One more in a histogram."""
        at, bounds = _AT[name], HISTOGRAMS[name][0]
        self._row[at] += value
        self._row[at + 1 + bisect.bisect_left(bounds, value)] += 1

    def text(self) -> str:
        """In Prometheus' text format."""
        return "\n".join(_lines([sum(self._all[at::_WIDTH]) for at in range(_WIDTH)])) + "\n"


def _lines(sums: Sequence[float]) -> Iterator[str]:
    name = f"{_PREFIX}requests_total"
    yield from _head(name, "counter", "Answered predictions, by status.")
    for status in STATUSES:
        yield f'{name}{{status="{status}"}} {_number(sums[_AT[f"requests_{status}"]])}'
    for key, (kind, meaning) in NUMBERS.items():
        yield from _head(_PREFIX + key, kind, meaning)
        yield f"{_PREFIX}{key} {_number(sums[_AT[key]])}"
    for key, (bounds, meaning) in HISTOGRAMS.items():
        name, at = _PREFIX + key, _AT[key]
        yield from _head(name, "histogram", meaning)
        count = 0.0
        for place, bound in enumerate((*bounds, "+Inf")):
            count += sums[at + 1 + place]
            yield f'{name}_bucket{{le="{bound}"}} {_number(count)}'
        yield f"{name}_sum {_number(sums[at])}"
        yield f"{name}_count {_number(count)}"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
