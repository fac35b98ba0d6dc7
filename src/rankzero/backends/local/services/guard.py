"""Stands between a keeper and what it keeps: whichever of the two dies, nothing outlives it.

What the command forked, or detached, comes to its guard, which ends it; what a dead guard leaves
comes to the keeper. One process for each start. Standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from rankzero.agent import process
from rankzero.agent.loop import Loop
from rankzero.backends.local.inherited import GUARD_LIFELINE, GUARD_LOCK
from rankzero.backends.local.services.folder import Told

#: What a shell says of a program that is there and cannot be run, and of one that is not.
NOT_RUN, NOT_FOUND = 126, 127
_DEFAULT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)


def main() -> None:
    """`... FILE` with what is told; leaves with the command's code, 128 + N after signal N."""
    for number in (GUARD_LIFELINE, GUARD_LOCK):
        os.set_inheritable(number, False)
    process.adopt_orphans()
    sys.exit(_Guard(Told.read(Path(sys.argv[1]))).run())


class _Guard:
    def __init__(self, told: Told) -> None:
        self._told, self._loop = told, Loop()
        self._command, self._code = 0, 1
        self._killing = False

    def run(self) -> int:
        self._loop.on_signal(signal.SIGCHLD, self._reap)
        self._loop.on_signal(signal.SIGTERM, self._pass_on)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._loop.watch(GUARD_LIFELINE, self._kill)
        self._command = self._start()
        self._loop.run()
        return self._code

    def _start(self) -> int:
        """The command's pid: in a process group of its own."""
        mine = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            signal.set_wakeup_fd(-1)
            for number in _DEFAULT:
                signal.signal(number, signal.SIG_DFL)
            os.setpgid(0, 0)
            process.die_with_parent(mine)
            self._become()
        except BaseException:
            os._exit(NOT_RUN)

    def _become(self) -> NoReturn:
        argv, env = self._told.argv, {**os.environ, **self._told.env}
        what = f"work in {self._told.workdir}"
        try:
            os.chdir(self._told.workdir)
            what = f"run {argv[0]}"
            os.execvpe(argv[0], argv, env)  # noqa: S606 - the user's own command
        except OSError as error:
            os.write(2, f"cannot {what}: {error.strerror}\n".encode())
            os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN)

    def _pass_on(self) -> None:
        """To the command alone, as to a container's first process."""
        if self._command:
            process.signal_process(self._command, signal.SIGTERM)

    def _kill(self) -> None:
        """The lifeline is closed: the keeper is gone, or its patience is."""
        self._loop.watch(GUARD_LIFELINE)
        self._killing = True
        self._settle()

    def _reap(self) -> None:
        for pid, code in process.reap():
            if pid == self._command:
                self._command = 0
                self._code = code if code >= 0 else 128 - code
        self._settle()

    def _settle(self) -> None:
        """Once the command has ended, or must, end all else; each one's end comes back here."""
        if self._command and not self._killing:
            return
        left = {*process.children(), self._command} - {0}
        for pid in left:
            process.signal_process(pid, signal.SIGKILL)
        if not left:
            self._loop.stop()
