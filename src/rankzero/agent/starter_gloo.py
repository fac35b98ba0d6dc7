"""The end of a script that used PyTorch's gloo: gloo's threads come to rest before Python does.

Such a thread may drop the last reference to a Python object just when the interpreter has begun
to end. It then waits for the GIL, CPython before 3.14 ends it by `pthread_exit` inside a C++
destructor, and the process dies by SIGABRT ("terminate called without an active exception"): a
training that had succeeded counts as failed. See PyTorch's issue 190489.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

_THREADS = "/proc/self/task"
_NAME = "pt_gloo_runloop"
#: A thread that works on for longer does something else than letting go (seconds).
_PATIENCE = 5.0


def rest_before_the_end() -> None:
    """Have the interpreter's end wait for gloo's threads, after all that the script registers."""
    if sys.version_info < (3, 14) and os.path.isdir(_THREADS):
        import atexit

        atexit.register(rest)


def rest() -> None:
    """Wait until gloo's threads sleep while nobody holds the GIL: none of them waits for it then.

    To read a thread's state is to let go of the GIL first, which wakes whoever waits for it: that
    thread is seen running, not asleep.
    """
    end = time.monotonic() + _PATIENCE
    while any(_busy(thread) for thread in _gloo()) and time.monotonic() < end:
        os.sched_yield()


def _gloo() -> Iterator[str]:
    for thread in os.listdir(_THREADS):
        try:
            with open(f"{_THREADS}/{thread}/comm", encoding="ascii", errors="replace") as comm:
                if comm.read().strip() == _NAME:
                    yield thread
        except OSError:
            pass  # it has ended


def _busy(thread: str) -> bool:
    try:
        with open(f"{_THREADS}/{thread}/stat", "rb", buffering=0) as stat:
            return stat.read(512).rpartition(b")")[2].split()[0] in b"RD"
    except OSError:
        return False
