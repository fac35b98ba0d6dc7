"""A folder, watched for changes of what is in it."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import time
from pathlib import Path

_CLOSE_ON_EXEC = os.O_CLOEXEC
_MODIFIED, _MOVED_IN, _CREATED, _DELETED, _GONE = 0x2, 0x80, 0x100, 0x200, 0x400
_ALL = _MODIFIED | _MOVED_IN | _CREATED | _DELETED | _GONE
#: Where the system tells nobody of changes, they are looked for so often (seconds).
_LOOK = 0.2
_BLOCK = 1 << 16


class Changes:
    """A context manager. What changes after it was entered is not missed: whoever looks first and
    waits then gets it (Linux; elsewhere one waits for a moment)."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._fd = -1

    def __enter__(self) -> Changes:
        if sys.platform.startswith("linux"):
            libc = ctypes.CDLL(None, use_errno=True)
            self._fd = libc.inotify_init1(_CLOSE_ON_EXEC)
            paths = [os.fsencode(folder) for folder in self._folders] if self._fd >= 0 else []
            if any(libc.inotify_add_watch(self._fd, path, _ALL) < 0 for path in paths):
                os.close(self._fd)  # this user has as many as the system allows
                self._fd = -1
        return self

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def wait(self, timeout: float | None = None) -> None:
        """Until something has changed, or so many seconds are over."""
        if self._fd < 0:
            time.sleep(_LOOK if timeout is None else min(_LOOK, timeout))
        elif select.select([self._fd], [], [], timeout)[0]:
            os.read(self._fd, _BLOCK)  # what it was does not matter
