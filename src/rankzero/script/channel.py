"""The pipe from a rank to its agent: one JSON object a line, never waited for.

A training must not slow down because its agent is busy, so the pipe does not block: what does
not fit is dropped and counted, and the count travels with the next line that fits. A line is at
most PIPE_BUF long, which the system writes whole or not at all.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

#: POSIX lets a system choose from 512 on; Linux has 4096, and agent and rank share the system.
LIMIT = 4096
#: The line by which a spare says that it has become its rank (`agent/starter_spare.py`).
BECAME = "became"


class Channel:
    """What is known of the pipe in this process.

    `open` is called by the starter; in a process that had none (a command that runs Python),
    the first use opens what the environment names.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._fd = -1
        self._opened = False
        self._stepped = False

    def open(self, fd: int) -> None:
        """Use this descriptor from now on; what is no open descriptor is no channel."""
        self._opened = True
        try:
            os.set_blocking(fd, False)
            self._fd = fd
        except OSError:
            self._fd = -1

    def first_step(self) -> None:
        """Tell when the first training step was done; only the first call does anything."""
        if not self._stepped:
            self._stepped = True
            self.send('{"first_step":%.6f}' % time.time())

    def send(self, line: str) -> bool:
        """Write one line, given without its newline; False where it went nowhere.

        Errors: ValueError for a line that is longer than the system writes whole.
        """
        data = line.encode() + b"\n"
        if len(data) > LIMIT:
            raise ValueError(
                f"a report is at most {LIMIT} bytes as JSON, this one has {len(data)}: "
                "report fewer or shorter values; large ones belong in a file in rankzero.outputs()"
            )
        if not self._opened:
            self._open_from_environment()
        if self._fd < 0:
            return False
        try:
            os.write(self._fd, data)
        except BlockingIOError:
            self.dropped += 1
            return False
        except OSError:  # the agent is gone, or the script has closed all descriptors
            self._fd = -1
            return False
        return True

    def _open_from_environment(self) -> None:
        self._opened = True
        fd = descriptor(os.environ.get("RANKZERO_REPORT_FD", ""))
        if fd >= 0:
            self.open(fd)


def name_of(fd: int, as_fd: Optional[int] = None) -> str:
    """How `RANKZERO_REPORT_FD` names a pipe that is `fd` here, and `as_fd` in the rank."""
    pipe = os.fstat(fd)
    return "%d:%d:%d" % (fd if as_fd is None else as_fd, pipe.st_dev, pipe.st_ino)


def descriptor(named: str) -> int:
    """The descriptor in `FD:DEVICE:INODE`; -1 where that number is another file, or none, here.

    The variable reaches every descendant, the pipe does not: in a program that opened a file of
    its own under the same number, a report would be written into that file.
    """
    number, *identity = named.split(":")
    if not number.isdigit() or len(identity) != 2:
        return -1
    try:
        found = os.fstat(int(number))
    except OSError:
        return -1
    return int(number) if [str(found.st_dev), str(found.st_ino)] == identity else -1


channel = Channel()
