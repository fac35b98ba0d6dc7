"""The pipe from a rank to its agent: one JSON object a line, never waited for.

A training must not slow down because its agent is busy, so the pipe does not block: what does
not fit is dropped and counted, and the count travels with the next line that fits. A line is at
most PIPE_BUF long, which the system writes whole or not at all.
"""

import os
import time

#: POSIX lets a system choose from 512 on; Linux has 4096, and agent and rank share the system.
LIMIT = 4096


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
        named = os.environ.get("RANKZERO_REPORT_FD", "")
        if named.isdigit():
            self.open(int(named))


channel = Channel()
