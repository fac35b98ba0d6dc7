"""A process that works on its own, as long as whoever started it lives, or for ever."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from rankzero.agent import process
from rankzero.backends.local.inherited import LISTENER, LOCK, interpreter


class Inherited(NamedTuple):
    """Descriptors that it gets: of the socket that it listens on, or with which it claims its port,
    and of its folder's lock."""

    listener: int
    lock: int


class Lifeline:
    """Our end of an attached process's lifeline: it ends when this closes without a word."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.Lock()

    def release(self) -> None:
        """Let it go on without us; nothing where it has ended."""
        with self._lock:
            if self._fd >= 0:
                with contextlib.suppress(BrokenPipeError):
                    os.write(self._fd, b"go on without me")
        self.close()

    def close(self) -> None:
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = -1


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect at the end of the block. A mask would not do: where there are more
    threads, another one takes the signal, and Python's handler runs in this one all the same."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *signalled: came.append(signalled))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])


def start(
    module: str, folder: Path, log: Path, inherited: Inherited, detach: bool
) -> Lifeline | None:
    """Start `module FOLDER [--detached]`; what it prints goes to `log`. Returns our end of its
    lifeline, unless detached. Errors: OSError."""
    read, write = os.pipe()
    try:
        pid = _spawn(module, folder, log, inherited, None if detach else read)
    except OSError:
        os.close(write)
        raise
    finally:
        os.close(read)
    if detach:
        os.close(write)
    lifeline = None if detach else Lifeline(write)
    # Somebody must take its exit code, also where this process goes on to other things.
    threading.Thread(target=_reap, args=(pid, lifeline), daemon=True).start()
    return lifeline


def _reap(pid: int, lifeline: Lifeline | None) -> None:
    with contextlib.suppress(ChildProcessError):  # whoever called us may reap all that ends
        os.waitpid(pid, 0)
    if lifeline is not None:
        lifeline.close()


def _spawn(module: str, folder: Path, log: Path, inherited: Inherited, lifeline: int | None) -> int:
    """In no terminal's foreground, with only the descriptors it needs."""
    argv = [*interpreter(module), str(folder)]
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    high = [process.copy_high(fd) for fd in (*inherited, lifeline) if fd is not None]
    try:
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_DUP2, high[0], LISTENER),
            (os.POSIX_SPAWN_DUP2, high[1], LOCK),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        if lifeline is None:
            actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
            argv.append("--detached")
        else:
            actions.append((os.POSIX_SPAWN_DUP2, high[2], 0))
        return os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    finally:
        for fd in high:
            os.close(fd)
