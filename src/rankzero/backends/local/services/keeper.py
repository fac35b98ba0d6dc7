"""What keeps a service alive on this machine: starts it again when it ends, keeps what it writes,
ends it when asked to, and leaves nothing behind. One process a service; standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from rankzero.agent import process
from rankzero.agent.logs.segment import WriteError
from rankzero.agent.logs.writer import LogWriter
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.pipe import Pipe
from rankzero.backends.local.inherited import (
    GUARD_LIFELINE,
    GUARD_LOCK,
    LISTENER,
    LOCK,
    interpreter,
    stand_alone,
)
from rankzero.backends.local.services.folder import ServiceFolder, State, Told
from rankzero.serving.restarting import Ended, successor

#: What is kept of all that it writes (bytes), as the log of one rank.
KEEP, RANK = 64 << 20, 0
#: What a line begins with that is its keeper's.
MARK = "rankzero: "


def main() -> None:
    """`... FOLDER --detached`."""
    stand_alone()
    Keeper(ServiceFolder(Path(sys.argv[1]))).run()


class Keeper:
    def __init__(self, folder: ServiceFolder) -> None:
        self._folder, self._loop = folder, Loop()
        self._told = Told.read(folder.told_file)
        self._log = LogWriter(str(folder.logs), KEEP)
        self._guard, self._lifeline = 0, -1
        self._code = 0
        self._failures = 0
        self._pipe: Pipe | None = None
        self._again: Timer | None = None
        self._state = State(os.getpid(), time.time())

    def run(self) -> None:
        """Until it is asked to end."""
        self._loop.on_signal(signal.SIGCHLD, self._reap)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.on_signal(number, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._start()
        self._loop.run()
        self._log.close()
        os.close(LISTENER)  # whoever sees the lock free finds the port free, too

    # -- what it keeps

    def _start(self) -> None:
        self._again = None
        self._pipe = Pipe(self._loop)
        self._pipe.listen(self._write)
        read, self._lifeline = os.pipe()
        handed = {GUARD_LIFELINE: read, GUARD_LOCK: LOCK, 1: self._pipe.write_fd}
        high = {its: process.copy_high(ours) for its, ours in handed.items()}
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            *((os.POSIX_SPAWN_DUP2, ours, its) for its, ours in high.items()),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        argv = [*interpreter("rankzero.backends.local.services.guard"), str(self._folder.told_file)]
        try:
            self._guard = os.posix_spawn(
                argv[0], argv, os.environ, file_actions=actions, setpgroup=0
            )
        except OSError as error:
            self._say(f"cannot be started: {error.strerror}")
        finally:
            for fd in (read, *high.values()):
                os.close(fd)
        self._pipe.started()
        if self._guard:
            self._tell(started=time.time(), again=None)
        else:
            self._ended(1)

    def _reap(self) -> None:
        for pid, code in process.reap():
            if pid == self._guard:
                self._guard, self._code = 0, code if code >= 0 else 128 - code
        if self._guard:
            return
        strays = process.children()
        for pid in strays:
            process.signal_process(pid, signal.SIGKILL)
        if not strays and self._again is None and self._state.started is not None:
            self._ended(self._code)

    def _ended(self, code: int) -> None:
        """Nothing of it lives any more."""
        if self._pipe is not None:
            self._pipe.drain()
            self._pipe.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        self._log.end(RANK, time.time())
        now = time.time()
        served = now - (self._state.started or now)
        ended = {"started": None, "code": code, "ended": now, "ends": self._state.ends + 1}
        if self._state.leaving:
            self._say(f"has ended, with code {code}")
            self._tell(**ended)
            self._loop.stop()
            return
        next_one = successor(Ended(None, served, self._failures), started=True)
        assert next_one is not None, "it goes on"
        self._failures = next_one.failures
        self._say(f"ended with code {code}; it is started again in {next_one.after:g} s")
        self._again = self._loop.after(next_one.after, self._start)
        self._tell(**ended, again=now + next_one.after)

    # -- being asked to end

    def _stop(self) -> None:
        """In good order; who asks again wants it at once."""
        if self._state.leaving:
            self._kill()
            return
        self._tell(leaving=True)
        if self._again is not None:
            self._again.cancel()
        if not self._guard:
            self._loop.stop()
            return
        self._say("is asked to end")
        process.signal_process(self._guard, signal.SIGTERM)
        self._loop.after(self._told.grace, self._kill)

    def _kill(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    # -- what is told

    def _tell(self, **changes: object) -> None:
        self._state = self._state._replace(**changes)  # type: ignore[arg-type]
        try:
            self._folder.put(self._folder.state_file, self._state._asdict())
        except OSError as error:
            sys.stderr.write(f"cannot write {self._folder.state_file}: {error.strerror}\n")

    def _say(self, words: str) -> None:
        """A line of its own, among what the service writes."""
        self._write(f"{MARK}{self._folder.name} {words}\n".encode())

    def _write(self, data: bytes) -> None:
        generation = self._state.ends + 1
        try:
            self._log.append(RANK, generation, data, time.time())
        except WriteError as error:  # the disk is full: the service goes on, its words are lost
            self._log.skip(RANK, len(data) - error.written)
