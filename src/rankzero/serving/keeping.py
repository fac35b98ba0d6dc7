"""The keeper: holds the socket, starts the workers, replaces those that end, and ends them all in
good order. It imports nothing of the user's, so nothing of theirs can end it."""

from __future__ import annotations

import importlib.util
import os
import selectors
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from rankzero.agent import exits
from rankzero.agent.process import ended_how
from rankzero.errors import Error, Refused
from rankzero.serving import listening, metrics, predictors, said, spawning
from rankzero.serving.logs import say
from rankzero.serving.restarting import Ended, successor
from rankzero.serving.settings import Settings
from rankzero.serving.spawning import Child

#: Beyond its own limits, what a worker may take to end before it is killed (seconds).
_SLACK = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class LoadFailed(Error):
    """A worker could not load its predictor; exit_code is what it said."""

    def __init__(self, message: str, hint: str | None, exit_code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code


class _Due(NamedTuple):
    """A worker that is to be started."""

    when: float
    row: int
    failures: int


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code. Errors: Error."""
    check(settings)
    listener = listening.listen(settings.host, settings.port)
    with listener, _signals() as (wakeup, came):
        return _Keeper(settings, listener, wakeup, came).run()


def check(settings: Settings) -> None:
    """What can be known before anything starts. Errors: BadRequest, Refused."""
    settings.token()
    predictors.split(settings.predictor)
    check_installed()


def check_installed() -> None:
    """Errors: Refused where what a server needs is not there."""
    missing = [
        package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None
    ]
    if missing:
        says = f"serving needs what is not installed: {', '.join(missing)}."
        raise Refused(says, "Install it: pip install 'rankzero[serve]'")


_NEEDED = {"starlette": "starlette", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}


@contextmanager
def _signals() -> Iterator[tuple[socket.socket, list[int]]]:
    """A socket that becomes readable at each of `_SIGNALS`, and the list of those that came."""
    ours, theirs = socket.socketpair()
    came: list[int] = []
    ours.setblocking(False)
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    handlers = {one: signal.signal(one, lambda number, _: came.append(number)) for one in _SIGNALS}
    try:
        with ours, theirs:
            yield ours, came
    finally:
        signal.set_wakeup_fd(before)
        for one, handler in handlers.items():
            signal.signal(one, handler)


class _Keeper:
    """One server's life."""

    def __init__(
        self, settings: Settings, listener: socket.socket, wakeup: socket.socket, came: list[int]
    ) -> None:
        self._settings, self._listener, self._came = settings, listener, came
        self._shared = metrics.shared(settings.workers)
        self._children: set[Child] = set()
        self._due = [_Due(0.0, row, 0) for row in range(settings.workers)]
        self._selector = selectors.DefaultSelector()
        self._selector.register(wakeup, selectors.EVENT_READ)
        self._wakeup = wakeup
        self._ready: set[int] = set()
        self._started = False
        self._stopping: int | None = None
        self._failure: LoadFailed | None = None
        self._kill_at = float("inf")

    def run(self) -> int:
        """Errors: LoadFailed."""
        say(f"Loading {self._settings.predictor} ...")
        try:
            while self._due or self._children:
                self._start_due()
                for key, _ in self._selector.select(self._patience()):
                    self._look(key.fileobj)
                if time.monotonic() >= self._kill_at:
                    self._signal(signal.SIGKILL)
        finally:
            self._signal(signal.SIGKILL)
            self._selector.close()
            os.close(self._shared)
        if self._failure is not None:
            raise self._failure
        return exits.INTERRUPTED if self._stopping == signal.SIGINT else exits.DONE

    def _patience(self) -> float | None:
        """Until somebody is to be started, or killed."""
        moments = [self._kill_at, *(one.when for one in self._due)]
        first = min(moments)
        return None if first == float("inf") else max(0.0, first - time.monotonic())

    def _start_due(self) -> None:
        now = time.monotonic()
        for one in [due for due in self._due if due.when <= now]:
            self._due.remove(one)
            child = spawning.spawn(
                self._settings, one.row, one.failures, self._listener, self._shared
            )
            self._children.add(child)
            self._selector.register(child.control, selectors.EVENT_READ, child)

    def _look(self, source: Any) -> None:
        if source is self._wakeup:
            self._wakeup.recv(64)
            while self._came:
                number = self._came.pop(0)
                self._reap() if number == signal.SIGCHLD else self._stop(number)
            return
        # One that has ended since may have been seen to already.
        for child in [one for one in self._children if one.control is source]:
            self._hear(child)

    def _reap(self) -> None:
        """A worker's end of its socket lives on in what it has forked: so its process counts."""
        for child in [one for one in self._children if one.has_ended()]:
            self._hear(child)
            if child in self._children:
                self._ended(child)

    def _hear(self, child: Child) -> None:
        chunk = child.read()
        for line in child.lines.of(chunk or b""):
            self._heard(child, line)
        if chunk is None:
            self._ended(child)

    def _heard(self, child: Child, line: dict[str, Any]) -> None:
        if line["said"] == said.READY:
            child.ready_since = time.monotonic()
            self._ready.add(child.row)
            if len(self._ready) == self._settings.workers and not self._started:
                self._started = True
                self._announce(line["name"])
        elif line["said"] == said.LEAVING:
            child.leaving = line["why"]
            say(f"Worker {child.row} is replaced: {_WHY[line['why']]}.")
        elif not self._started:
            self._failure = LoadFailed(line["message"], line["hint"], line["exit"])
            self._stop(signal.SIGTERM)
        else:
            say(line["message"])

    def _announce(self, name: str) -> None:
        where = listening.url(self._listener)
        say(f"{name} is served at {where} (what it takes: {where}/docs). Ctrl-C ends it.")

    def _ended(self, child: Child) -> None:
        self._selector.unregister(child.control)
        self._children.remove(child)
        code = child.wait()
        # One that was killed could not say itself that it is not ready any more.
        metrics.Metrics(self._shared, child.row, self._settings.workers).end()
        if self._stopping is not None:
            return
        served = time.monotonic() - child.ready_since if child.ready_since else 0.0
        next_one = successor(Ended(child.leaving, served, child.failures), self._started)
        how = ended_how(code)
        if next_one is None:
            hint = "Did it run out of memory?" if code == -signal.SIGKILL else "See above."
            says = f"{self._settings.predictor} cannot be loaded: its worker {how}."
            self._failure = self._failure or LoadFailed(says, hint, exits.JOB_FAILED)
            self._stop(signal.SIGTERM)
            return
        if child.leaving is None:
            say(f"Worker {child.row} {how}; another follows in {next_one.after:g} s.")
        self._due.append(_Due(time.monotonic() + next_one.after, child.row, next_one.failures))

    def _stop(self, number: int) -> None:
        """At first in good order; who asks again wants it at once."""
        if self._stopping is not None:
            if self._failure is None or number == signal.SIGINT:
                self._kill_at = 0.0
            return
        self._stopping = number
        self._due.clear()
        settings = self._settings
        self._kill_at = time.monotonic() + settings.drain + settings.grace + _SLACK
        if self._failure is None:
            say("Ending: what was taken is answered first. Once more ends it at once.")
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        for child in self._children:
            child.signal(number)
        if number == signal.SIGKILL:
            self._kill_at = float("inf")


_WHY = {
    said.STUCK: "its predictor did not come back from a batch within the time limit",
    said.RECYCLED: "it has answered its share of requests",
}
