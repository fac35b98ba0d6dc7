"""The descriptors that a command is given for its own, and a terminal lent to it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple


class Streams(NamedTuple):
    """By default those of this process."""

    stdin: int = 0
    stdout: int = 1
    stderr: int = 2

    @property
    def terminal(self) -> bool:
        """Whether somebody sits there, who types and reads."""
        return os.isatty(self.stdin) and os.isatty(self.stdout)


def write(descriptor: int, data: bytes) -> None:
    """All of it."""
    while data:
        data = data[os.write(descriptor, data) :]


@contextlib.contextmanager
def raw(descriptor: int) -> Iterator[None]:
    """Let every key of a terminal through as it is; afterwards it is as it was."""
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        # Not at once: what was typed ahead is for the command.
        tty.setraw(descriptor, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
