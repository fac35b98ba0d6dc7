"""A terminal with somebody at it: a program runs in it, and its keys are pressed one by one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.waiting import PATIENCE, until

_LOOK = 0.05


class Terminal:
    """A pseudo-terminal that is its program's own. Close it, or use it as a context manager."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, lines: int, columns: int
    ) -> None:
        self._ours, theirs = os.openpty()
        self._theirs = theirs
        self.resize(lines, columns)
        self._before = termios.tcgetattr(theirs)
        self._shown = b""
        self.process = subprocess.Popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        for descriptor in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def resize(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def until_shown(self, words: str) -> None:
        """Wait until the screen shows the words; what came up to there counts as seen."""

        def there() -> bool:
            self._look()
            return words.encode() in self._shown

        until(there, f"{words!r} on the screen")
        self._shown = self._shown.partition(words.encode())[2]

    def wait(self) -> int:
        """The program's exit code."""
        until(lambda: self._look() or self.process.poll() is not None, "the program's end")
        return int(self.process.returncode)

    @property
    def as_before(self) -> bool:
        """Whether the terminal's settings are those that it had at first."""
        return termios.tcgetattr(self._theirs) == self._before

    def _look(self) -> None:
        while select.select([self._ours], [], [], _LOOK)[0]:
            self._shown += os.read(self._ours, 65536)
