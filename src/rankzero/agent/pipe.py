"""A rank's pipes, read by blocks."""

import contextlib
import fcntl
import os
from typing import Callable, Optional

from rankzero.agent.loop import Loop

_BLOCK = 1 << 20
_F_SETPIPE_SZ = 1031


class Pipe:
    """Once somebody listens, gives each block to `on_data`, and tells `on_end`, where set, that no
    more will come. What comes before that waits in the pipe, and so does its writer when it is
    full."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._on_data: Optional[Callable[[bytes], None]] = None
        self.read_fd, self.write_fd = os.pipe()
        self._open = True
        self.on_end: Optional[Callable[[], None]] = None
        os.set_blocking(self.read_fd, False)

    def listen(self, on_data: Callable[[bytes], None], size: Optional[int] = None) -> None:
        """Give on what is in the pipe, and what will come. size: bytes that it should hold, where
        not the system's own choice."""
        self._on_data = on_data
        if not self._open:
            return
        if size is not None:
            with contextlib.suppress(OSError):  # the kernel may say no
                fcntl.fcntl(self.read_fd, _F_SETPIPE_SZ, size)
        self._loop.watch(self.read_fd, self._ready)

    @property
    def open(self) -> bool:
        """Whether anybody can still write to it."""
        return self._open

    def started(self) -> None:
        """The rank has its end now: let ours go, so that its death ends the pipe."""
        os.close(self.write_fd)
        self.write_fd = -1

    def drain(self) -> None:
        """Take all that is in the pipe at this moment."""
        left = _BLOCK  # no pipe holds more; whoever still writes must not hold the loop
        while self._open and self._on_data is not None and left > 0:
            taken = self._read()
            if not taken:
                return
            left -= taken

    def close(self) -> None:
        if self._open:
            self._open = False
            self._loop.watch(self.read_fd)
            os.close(self.read_fd)
        if self.write_fd >= 0:
            os.close(self.write_fd)
            self.write_fd = -1

    def _ready(self) -> None:
        self._read()

    def _read(self) -> int:
        assert self._on_data is not None
        try:
            block: Optional[bytes] = os.read(self.read_fd, _BLOCK)
        except BlockingIOError:
            return 0
        if not block:
            self.close()
            if self.on_end is not None:
                self.on_end()
            return 0
        self._on_data(block)
        return len(block)
