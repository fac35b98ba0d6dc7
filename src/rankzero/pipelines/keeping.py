"""What brings a pipeline's driver back when it dies, and leaves nothing behind.

One process a pipeline, as a Job is for the driver on a cluster. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from rankzero.agent import process
from rankzero.agent.events import FINISHED, Event
from rankzero.agent.loop import Loop
from rankzero.backends.local.inherited import (
    AGENT_LIFELINE,
    AGENT_LISTENER,
    DRIVER_LOCK,
    LISTENER,
    LOCK,
    interpreter,
    stand_alone,
)
from rankzero.driver import facts
from rankzero.errors import Refused
from rankzero.pipelines.folder import PipelineFolder
from rankzero.pipelines.ledger import Ledger
from rankzero.pipelines.strays import strays

#: So many drivers may die, one after the other, with no part committed in between.
_MOST_IN_VAIN = 20


def main() -> None:
    """`... FOLDER [--detached]`; descriptor 0 is the lifeline, unless detached."""
    stand_alone()
    Keeper(PipelineFolder(Path(sys.argv[1])), attached="--detached" not in sys.argv).run()


class Keeper:
    def __init__(self, folder: PipelineFolder, attached: bool) -> None:
        self._folder, self._attached = folder, attached
        self._loop = Loop()
        self._driver, self._lifeline = 0, -1
        self._stop_by, self._leaving = "", False
        self._in_vain = self._committed = 0

    def run(self) -> None:
        """Until the pipeline is over."""
        self._loop.on_signal(signal.SIGCHLD, self._reap)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.on_signal(number, self._leave)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if self._attached:
            self._loop.watch(0, self._hear_lifeline)
        self._spawn()
        self._loop.run()

    def _spawn(self) -> None:
        argv = [*interpreter("rankzero.pipelines.driving"), str(self._folder.path)]
        if self._lifeline >= 0:
            os.close(self._lifeline)
        read, self._lifeline = os.pipe()
        high = [process.copy_high(fd) for fd in (read, LISTENER, LOCK)]
        handed = (AGENT_LIFELINE, AGENT_LISTENER, DRIVER_LOCK)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            *(
                (os.POSIX_SPAWN_DUP2, ours, theirs)
                for ours, theirs in zip(high, handed, strict=True)
            ),
        ]
        try:
            self._driver = os.posix_spawn(
                argv[0], argv, os.environ, file_actions=actions, setpgroup=0
            )
        finally:
            for fd in (read, *high):
                os.close(fd)
        self._pass_on()

    def _reap(self) -> None:
        for pid, _ in process.reap():
            if pid == self._driver:
                self._driver = 0
                self._count_death()
        if self._driver:
            return
        left = strays()
        for pid in left:
            process.signal_process(pid, signal.SIGKILL)
        if not left:
            self._go_on()

    def _count_death(self) -> None:
        committed = sum(1 for event in self._events() if event.kind == "committed")
        self._in_vain = 0 if committed > self._committed else self._in_vain + 1
        self._committed = committed

    def _events(self) -> list[Event]:
        """Nothing where the ledger cannot be read: then no driver gets far either."""
        with contextlib.suppress(Refused):
            return self._folder.events()
        return []

    def _go_on(self) -> None:
        """No driver lives, and nothing that one had started."""
        over = any(event.kind == FINISHED for event in self._events())
        if over or self._leaving:
            self._loop.stop()
        elif self._in_vain > _MOST_IN_VAIN:
            self._give_up()
        else:
            self._spawn()

    def _give_up(self) -> None:
        self._loop.stop()
        why = f"its driver died again and again: see {self._folder.keeper_log}"
        with contextlib.suppress(Refused):  # then it reads as cut off
            ledger = Ledger(self._folder.ledger_file)
            ledger.append(facts.Finished(facts.FAILED, time.time(), why))
            ledger.close()

    def _leave(self) -> None:
        """Asked to end, as all are before a machine goes down: what it keeps can be resumed."""
        self._leaving = True
        if self._driver:
            os.close(self._lifeline)
            self._lifeline = -1

    def _hear_lifeline(self) -> None:
        """A word lets it go on without the command; silence means that the command died."""
        word = os.read(0, 64)
        self._loop.watch(0)
        if not word:
            self._stop("the end of the command that started it")

    def _stop(self, by: str) -> None:
        if not self._stop_by:
            self._stop_by = by
            self._pass_on()

    def _pass_on(self) -> None:
        """Each driver is told once; it may still be starting."""
        if self._stop_by and self._driver and self._lifeline >= 0:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._lifeline, self._stop_by.encode())
