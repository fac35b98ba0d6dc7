"""Gloo's threads come to rest before the interpreter's end. A thread of ours stands in for one:
the real crash comes once in some hundred runs (`starter_gloo` says how)."""

from __future__ import annotations

import ctypes
import hashlib
import sys
import threading
from collections.abc import Iterator

import pytest

from rankzero.agent import starter_gloo

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
_PR_SET_NAME = 15
_WITHOUT_THE_GIL = bytes(20_000_000)


class Worker:
    """A thread under gloo's name that works without the GIL, then needs it, then sleeps."""

    def __init__(self) -> None:
        self.let_go = False
        self._named, self._leave = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._named.wait()

    def _run(self) -> None:
        ctypes.CDLL(None).prctl(_PR_SET_NAME, b"pt_gloo_runloop", 0, 0, 0)
        self._named.set()
        hashlib.sha256(_WITHOUT_THE_GIL).digest()
        self.let_go = True
        self._leave.wait()

    def end(self) -> None:
        self._leave.set()
        self._thread.join()


@pytest.fixture
def workers(monkeypatch) -> Iterator[list[Worker]]:
    monkeypatch.setattr(starter_gloo, "_PATIENCE", float("inf"))
    workers = [Worker(), Worker()]
    yield workers
    for worker in workers:
        worker.end()


def test_whoever_still_needs_the_gil_is_waited_for(workers: list[Worker]) -> None:
    starter_gloo.rest()

    assert all(worker.let_go for worker in workers)


def test_those_who_sleep_are_not_waited_for(workers: list[Worker]) -> None:
    for _ in range(100):
        starter_gloo.rest()


def test_a_script_without_gloo_ends_as_ever() -> None:
    starter_gloo.rest()


def test_one_that_never_rests_is_left(workers: list[Worker], monkeypatch) -> None:
    monkeypatch.setattr(starter_gloo, "_PATIENCE", 0.0)
    starter_gloo.rest()
