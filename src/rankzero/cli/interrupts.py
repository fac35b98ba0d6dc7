"""What Ctrl-C, SIGTERM and a hang-up mean for an attached run.

The handlers act in place, while `watch` waits: an exception would end the generator in the
middle of a line, and what the run says while it stops would be lost.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any, Protocol

from rankzero.agent import exits


class Interrupted(Protocol):
    """What an interrupted command had started, whatever it is; a backend, for its runs."""

    @property
    def ends_with_caller(self) -> bool:
        """Whether it ends with the command unless it was released."""

    def stop(self, run: str, *, grace: float | None = None) -> None: ...

    def release(self, run: str) -> None: ...


QUESTION = "\nstop the run, or detach and let it go on? [s/d, then Enter] "
UNCLEAR = "  s stops the run, d lets it go on without this command "
AGAIN = "  Ctrl-C again ends it without its grace period\n"


class Detached(BaseException):
    """The command ends and the run goes on. Not an Exception: nothing between may swallow it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Again(KeyboardInterrupt):
    """Ctrl-C at the question."""


class _Terminated(BaseException):
    """A signal at the question that has stopped the run: there is nothing to ask any more."""


class Interrupts:
    """For the length of a `with`: the first Ctrl-C asks (on a terminal) or stops the run, the
    second kills it; SIGTERM and SIGHUP stop a run that ends with its command. `code` is then
    the exit code of a stopped run.
    """

    def __init__(
        self,
        backend: Interrupted,
        run: str,
        aside: Callable[[], AbstractContextManager[None]] = nullcontext,
        question: str = QUESTION,
    ) -> None:
        """aside: gives room on the screen for the question."""
        self._question = question
        self._aside = aside
        self.code: int | None = None
        self._backend = backend
        self._run = run
        self._asking = False
        self._old: dict[int, Any] = {}
        # Asked now: of a terminal that is gone, nobody can tell any more that it was one.
        self._terminals = [number for number in (0, 1, 2) if os.isatty(number)]

    def __enter__(self) -> Interrupts:
        # A handler dials in the middle of whatever goes on. The first address that is looked up
        # imports this module, and one that is imported half, the handler would find as it is.
        import encodings.idna  # noqa: F401

        self._old[signal.SIGINT] = signal.signal(signal.SIGINT, self._interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup wants it
                self._old[number] = signal.signal(number, self._terminate)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._asking:
            raise _Again
        again = self.code is not None
        try:
            if not again and on_terminal() and self._asked():
                self._backend.release(self._run)
                raise Detached(exits.INTERRUPTED)
        except _Terminated:
            return
        now = again or self.code is not None
        self.code = exits.INTERRUPTED
        self._backend.stop(self._run, grace=0.0 if now else None)

    def _asked(self) -> bool:
        with self._aside():
            return self._detaches()

    def _detaches(self) -> bool:
        """Ask until there is an answer; a terminal that has ended, or is gone, gives none and
        stops the run."""
        self._asking = True
        try:
            detaches = _answer(self._question) == "d"
            if not detaches:
                os.write(2, AGAIN.encode())
            return detaches
        except _Again:
            self.code = exits.INTERRUPTED
            os.write(2, b"\n")
            return False
        except OSError:
            return False
        finally:
            self._asking = False

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            forget(self._terminals)
        if not self._backend.ends_with_caller:
            raise Detached(128 + number)
        again = self.code is not None
        self.code = 128 + number
        self._backend.stop(self._run, grace=0.0 if again else None)
        if self._asking:
            raise _Terminated  # reading an answer would begin again after this handler


def _answer(question: str) -> str:
    """`s` or `d`, asked for as often as it takes; empty where the input ends. Errors: OSError."""
    while True:
        os.write(2, question.encode())
        typed = os.read(0, 1024).decode(errors="replace")
        answer = typed.strip().lower()
        if not typed or answer in ("s", "stop", "d", "detach"):
            return answer[:1]
        question = UNCLEAR


def on_terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def forget(terminals: list[int]) -> None:
    """The terminal is gone; what is still said to it goes nowhere instead of failing."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in terminals:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
