"""Whether anybody works in a folder: who does holds its lock, and lets it go by dying."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path


class Lock:
    """A file that is locked by flock(2)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self) -> int:
        """A descriptor that holds it; whoever inherits that holds it on. Who only looks whether it
        is held, does so for a moment and is not in the way.

        Errors: BlockingIOError where somebody else holds it, OSError.
        """
        lock = self._opened()
        while not _locked(lock, fcntl.LOCK_EX):
            if not _locked(lock, fcntl.LOCK_SH):
                os.close(lock)
                raise BlockingIOError(f"{self._path} is held")
            fcntl.flock(lock, fcntl.LOCK_UN)
        return lock

    def held(self) -> bool:
        """Whether somebody holds it alone."""
        try:
            lock = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _locked(lock, fcntl.LOCK_SH)
        finally:
            os.close(lock)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nobody holds it alone, at most so many seconds; whether that is so."""
        if timeout is None:
            with contextlib.suppress(FileNotFoundError), self.shared():
                pass
            return True
        waiter = threading.Thread(target=self.wait, daemon=True)  # flock(2) knows no limit
        waiter.start()
        waiter.join(timeout)
        return not waiter.is_alive()

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it together with others; blocks while somebody holds it alone. Errors: OSError."""
        lock = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold it alone, if nobody else holds it; whether that is so. Errors: OSError."""
        lock = self._opened()
        try:
            yield _locked(lock, fcntl.LOCK_EX)
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold it alone; blocks while anybody else holds it. Errors: OSError."""
        lock = self._opened()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _opened(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(lock: int, how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
