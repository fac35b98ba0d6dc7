"""Parts done as processes of this machine: started, timed, ended, and what they made taken."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rankzero.agent import process
from rankzero.agent.artifacts import lay
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.pipe import Pipe
from rankzero.driver.engine import Start
from rankzero.driver.facts import Part
from rankzero.driver.graph import Graph, Step, kinds
from rankzero.driver.walk import Result
from rankzero.driver.words import Words
from rankzero.pipelines import commands, taking
from rankzero.pipelines.folder import PipelineFolder
from rankzero.pipelines.spawning import Spawner
from rankzero.pipelines.store import Store
from rankzero.pipelines.strays import strays

#: Between SIGTERM and SIGKILL for a step that is to end (seconds).
GRACE = 10.0


class _Doing(NamedTuple):
    """A process at work. folder: of the attempt. why: it is ended for, empty while it may go on.
    hands_on: it takes what the part's own process has left."""

    start: Start
    process: subprocess.Popen[bytes]
    output: Pipe
    folder: Path
    limit: Timer | None
    why: list[str]
    hands_on: bool = False


class Processes:
    """See `driver.walk.Doer`.

    A part's process leads a group of its own, and dies with its driver. It finds what it takes in
    the folder RANKZERO_INPUTS, a file or a folder by each input's name, and leaves what it hands on
    in RANKZERO_OUTPUTS in the same way.
    """

    outlives = False

    def __init__(
        self,
        loop: Loop,
        graph: Graph,
        folder: PipelineFolder,
        artifacts: Store,
        wrote: Callable[[int, bytes], None],
        done: Callable[[Part, int, Result], None],
    ) -> None:
        """wrote: told of an attempt's number and what it has printed. done: told of its end."""
        self._loop, self._graph, self._folder = loop, graph, folder
        self._artifacts, self._wrote, self._done = artifacts, wrote, done
        self._doing: dict[Part, _Doing] = {}
        self._strays: Timer | None = None
        self._spawner = Spawner()
        loop.on_signal(signal.SIGCHLD, self._reap)

    def begin(self, start: Start) -> None:
        step = self._graph[start.part.step]
        folder = self._folder.attempt(start.part.step, start.number)
        try:
            output = Pipe(self._loop)
        except OSError as error:
            self._not_started(start, f"{error.strerror}")
            return
        try:
            words = self._prepared(step, start, folder)
            argv = commands.argv(step, words, folder)
            child = self._spawner.spawn(argv, words.environment, output.write_fd)
        except (OSError, ValueError) as error:
            output.close()
            told = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else error
            self._not_started(start, f"{told}")
            return
        output.started()
        output.listen(lambda data: self._wrote(start.number, data))
        limit = None
        if step.timeout is not None:
            cause = f"took longer than its timeout, {step.timeout:g} s"
            limit = self._loop.after(step.timeout, lambda: self._end(start.part, cause))
        self._doing[start.part] = _Doing(start, child, output, folder, limit, [])

    def stop(self, part: Part, *, now: bool = False) -> None:
        self._end(part, "was stopped", now=now)

    # -- inside

    def _prepared(self, step: Step, start: Start, folder: Path) -> Words:
        """The attempt's folder, and what its texts may name. Errors: OSError."""
        inputs, outputs = folder / "inputs", folder / "outputs"
        try:
            folder.mkdir()
        except FileNotFoundError:  # the first one of its step
            folder.mkdir(parents=True)
        outputs.mkdir()
        inputs.mkdir()
        for name, given in start.inputs.items():
            lay(str(inputs / name), given)
        return Words(step, start, kinds(self._graph, step), str(inputs), str(outputs))

    def _not_started(self, start: Start, why: str) -> None:
        result = Result(cause=f"cannot be started: {why}")
        self._loop.after(0.0, lambda: self._done(start.part, start.attempt, result))

    def _end(self, part: Part, why: str, *, now: bool = False) -> None:
        doing = self._doing.get(part)
        if doing is None or (doing.why and not now):
            return
        doing.why.append(why)
        if now or doing.hands_on:
            process.signal_group(doing.process.pid, signal.SIGKILL)
            return
        process.signal_group(doing.process.pid, signal.SIGTERM)
        grace = GRACE + commands.own_grace(self._graph[part.step])
        self._loop.after(grace, lambda: self._kill(part, doing))

    def _kill(self, part: Part, doing: _Doing) -> None:
        if self._doing.get(part) is doing:
            process.signal_group(doing.process.pid, signal.SIGKILL)

    def _reap(self) -> None:
        ended = dict(process.reap())
        for part, doing in [*self._doing.items()]:
            code = ended.pop(doing.process.pid, None)
            if code is not None:
                del self._doing[part]
                self._ended(doing, code)
        self._end_strays()

    def _ended(self, doing: _Doing, code: int) -> None:
        step = self._graph[doing.start.part.step]
        process.signal_group(doing.process.pid, signal.SIGKILL)  # what it left behind
        doing.process.returncode = code  # it was reaped here
        doing.output.drain()
        doing.output.close()
        if doing.limit is not None:
            doing.limit.cancel()
        if doing.why:
            self._over(doing, Result(cause=doing.why[0], code=code))
        elif doing.hands_on:
            self._over(doing, taking.result(doing.folder))
        elif code != 0:
            self._over(doing, Result(cause=commands.how(step, doing.folder, code), code=code))
        else:
            self._hand_on(doing)

    def _hand_on(self, doing: _Doing) -> None:
        """Take what it has left; what is a lot, in a process of its own: it takes a while."""
        gives = self._graph[doing.start.part.step].gives
        if not taking.is_large(gives, doing.folder):
            self._over(doing, taking.take(self._artifacts, gives, doing.folder))
            return
        output = Pipe(self._loop)
        argv = taking.command(self._artifacts, gives, doing.folder)
        child = self._spawner.spawn(argv, {}, output.write_fd)
        output.started()
        output.listen(lambda data: self._wrote(doing.start.number, data))
        self._doing[doing.start.part] = doing._replace(
            process=child, output=output, limit=None, hands_on=True
        )

    def _over(self, doing: _Doing, result: Result) -> None:
        # What a name holds need not be text, and a ledger does.
        cause = result.cause.encode("utf-8", "backslashreplace").decode()
        self._done(doing.start.part, doing.start.attempt, result._replace(cause=cause))

    def _end_strays(self) -> None:
        """What parts left behind in groups of its own has come to us, and helps nobody."""
        if self._doing or self._strays is not None:
            return  # whose they are is known only when nothing runs
        self._signal_strays(signal.SIGTERM)
        self._strays = self._loop.after(GRACE, self._kill_strays)

    def _kill_strays(self) -> None:
        self._strays = None
        if not self._doing:
            self._signal_strays(signal.SIGKILL)

    def _signal_strays(self, number: int) -> None:
        for pid in strays():
            process.signal_process(pid, number)
