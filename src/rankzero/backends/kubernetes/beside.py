"""Work for a run beside the watching, which may be waiting for a line or be busy with many."""

from __future__ import annotations

import contextlib
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from rankzero.backends.base import Note
from rankzero.backends.kubernetes import trouble
from rankzero.errors import Refused

if TYPE_CHECKING:
    from types import TracebackType

    from rankzero.backends.kubernetes.observing import Observed

#: Before what an API server did not answer is tried again (seconds).
AGAIN = 2.0
B = TypeVar("B", bound="Beside")


class Beside(ABC):
    """In a thread of its own, as long as `live` watches: a context manager. It looks after every
    change, and when it has said that it wants to."""

    def __init__(self, live: Observed) -> None:
        self._live = live
        self._notes: queue.SimpleQueue[Note] = queue.SimpleQueue()
        self._news = threading.Event()
        self._over = False
        self._hook = contextlib.ExitStack()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self: B) -> B:
        self._thread.start()
        self._hook.enter_context(self._live.on_change(self._news.set))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._hook.close()
        self.end()

    def end(self) -> None:
        """There is nothing more to do. A call that is under way goes on."""
        self._over = True
        self._news.set()

    def notes(self) -> Iterator[Note]:
        """What was done, or cannot be, since the last call."""
        while not self._notes.empty():
            yield self._notes.get()

    # -- in the thread

    @abstractmethod
    def _look(self) -> float | None:
        """Do what is to be done; after how long to look again (seconds), None: at a change.
        Errors: Refused, where it is to be tried again."""

    def _refused(self, said: Refused) -> None:  # noqa: B027 - most have nothing to say of it
        """What cannot be done now, and was for a reason that people should know."""

    def _ended(self) -> None:  # noqa: B027 - most leave nothing
        """The last that is done."""

    def _serve(self) -> None:
        pause: float | None = None
        while not self._over:
            # A pod may be told to go centuries from now.
            self._news.wait(None if pause is None else min(pause, threading.TIMEOUT_MAX))
            self._news.clear()
            try:
                pause = None if self._over else self._look()
            except (trouble.Unreachable, trouble.Forbidden):
                pause = AGAIN
            except Refused as said:
                pause = AGAIN
                self._refused(said)
        self._ended()

    def _say(self, text: str) -> None:
        self._notes.put(Note(text))
