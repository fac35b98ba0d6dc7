"""The process that drives a pipeline on this machine. Standard library only: it must start fast."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rankzero.agent import exits, process
from rankzero.agent.answers import Answers
from rankzero.agent.artifacts import lay
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.segment import WriteError
from rankzero.agent.logs.writer import LogWriter
from rankzero.agent.loop import Loop
from rankzero.agent.viewers import Viewers
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.door import Door, Guest
from rankzero.backends.local.inherited import AGENT_LIFELINE, AGENT_LISTENER
from rankzero.driver import facts
from rankzero.driver.engine import Engine
from rankzero.driver.facts import Output, Part
from rankzero.driver.walk import Result, Walk
from rankzero.errors import Error
from rankzero.pipelines.caching import Caching
from rankzero.pipelines.code import Code
from rankzero.pipelines.doing import Processes
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from rankzero.pipelines.ledger import Ledger
from rankzero.pipelines.strays import strays

#: The one place that has lines, as those who look ask for them.
NODE = "steps"
#: What the lines of all steps may take (bytes).
_KEEP = 256 * 1024 * 1024
#: How long the last words may take to those who look (seconds).
_LAST_WAIT = 2.0


def main() -> None:
    """`... FOLDER`; the keeper's lifeline and the listening socket are inherited."""
    process.adopt_orphans()
    _raise_limit()
    folder = PipelineFolder(Path(sys.argv[1]))
    try:
        driver = Driver(folder)
    except (OSError, Error) as error:
        # Another one would find the same: a folder that is gone, a plan that is torn.
        _give_up(folder, f"its driver cannot begin: {error}")
        return
    driver.run()


def _raise_limit() -> None:
    """Each step that runs takes a few descriptors."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _give_up(folder: PipelineFolder, why: str) -> None:
    ledger = Ledger(folder.ledger_file)
    ledger.append(facts.Finished(facts.FAILED, time.time(), why))
    ledger.close()


class Driver:
    def __init__(self, folder: PipelineFolder) -> None:
        """Errors: OSError, Refused."""
        plan = folder.plan()
        os.chdir(plan["workdir"])
        self._folder = folder
        self._loop = Loop()
        self._ledger = Ledger(folder.ledger_file)
        self._lines = LogWriter(str(folder.lines), _KEEP)
        self._answers = Answers(self._loop, LogReader(str(folder.lines)), self._reply)
        self._viewers = Viewers(self._ledger.since, dict, self._ask, self._stop, lambda: None)
        self._artifacts = Pipelines(folder.path.parent.parent).artifacts
        graph = folder.graph()
        code = Code(Path(plan["workdir"]), tuple(map(Path, plan["skip"])))
        self._cache = Caching(self._loop, self._artifacts, code, plan["code"], self._note)
        self._walk = Walk(
            Engine(graph, plan["slots"]),
            self._ledger,
            self._cache,
            Processes(
                self._loop,
                graph,
                folder,
                self._artifacts,
                self._wrote,
                self._done,
            ),
            heard=self._heard,
            left=self._loop.stop,
            later=self._later,
            rerun=plan["rerun"],
        )
        self._numbers: dict[Part, int] = {}
        listener = socket.socket(fileno=AGENT_LISTENER)
        listener.setblocking(False)
        token = folder.token_file.read_bytes().strip()
        self._door = Door(self._loop, listener, token, self._enter)

    def run(self) -> None:
        """Until the pipeline is over, or is left as it stands."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.on_signal(number, self._walk.leave)
        # Not ignored, which steps would inherit.
        self._loop.on_signal(signal.SIGHUP, lambda: None)
        self._loop.watch(AGENT_LIFELINE, self._hear_keeper)
        with self._artifacts.lock.shared():
            self._walk.resume()
            for attempt in range(self._walk.engine.attempts + 1):
                self._answers.over(attempt)
            for name, step in self._walk.engine.steps.items():
                for at, outputs in step.outputs.items():
                    self._show(Part(name, at), outputs)
            self._door.open()
            self._loop.after(0.0, self._walk.go)
            if self._walk.engine.ended is None:
                self._loop.run()
            self._cache.flush()  # of one that is only left
        self._say_goodbye()

    # -- what happens

    def _heard(self, fact: facts.Fact) -> None:
        if isinstance(fact, facts.Started):
            self._numbers[fact.part] = fact.number
        elif isinstance(fact, (facts.Committed, facts.Broke, facts.Dropped)):
            number = self._numbers.pop(fact.part, None)
            if number is not None:
                self._lines.end(number, time.time())
                self._answers.over(number)
                self._answers.wrote()
        if isinstance(fact, facts.Committed):
            self._show(fact.part, fact.outputs)
        self._viewers.event()
        if isinstance(fact, facts.Finished):
            self._loop.stop()

    def _show(self, part: Part, outputs: Mapping[str, Output]) -> None:
        """What a part handed on, where people look for it."""
        place = self._folder.output(*part)
        with contextlib.suppress(OSError):  # the ledger has it all the same
            if outputs:
                place.mkdir(parents=True, exist_ok=True)
            for name, output in outputs.items():
                lay(str(place / name), output)

    def _wrote(self, number: int, data: bytes) -> None:
        try:
            self._lines.append(number, 1, data, time.time())
        except WriteError as error:  # the disk is full: the step goes on without its lines
            self._lines.skip(number, len(data) - error.written)
        self._answers.wrote()

    def _note(self, text: str) -> None:
        self._walk.note(text)

    def _done(self, part: Part, attempt: int, result: Result) -> None:
        self._walk.done(part, attempt, result)

    def _stop(self, by: str, grace: float | None = None) -> None:
        self._walk.stop(by, now=grace == 0.0)

    def _hear_keeper(self) -> None:
        """A word is who asked to stop; silence means that the keeper died, or was asked to."""
        word = os.read(AGENT_LIFELINE, 4096)
        self._loop.watch(AGENT_LIFELINE)
        if word:
            self._stop(word.decode())
        else:
            self._walk.leave()

    def _later(self, call: Callable[[], None]) -> None:
        self._loop.after(0.0, call)

    # -- those who look

    def _enter(self, connection: Connection) -> Guest:
        viewer = self._viewers.add(connection)
        return Guest(
            lambda message: self._viewers.message(viewer, message),
            lambda: self._viewers.remove(viewer),
        )

    def _ask(self, node: str, message: Mapping[str, Any]) -> bool:
        if message["type"] == "forget":
            self._answers.forget(message["id"])
        elif node == NODE:
            # An answer that came before this returns would be of a question that nobody asked.
            self._loop.after(0.0, lambda: self._answers.ask(message))
        return node == NODE

    def _reply(self, answer: dict[str, Any]) -> None:
        self._viewers.answered(NODE, answer)

    def _say_goodbye(self) -> None:
        """What is queued goes out; who was slower reads the rest from the disk."""
        self._door.shut()
        self._loop.after(_LAST_WAIT, self._loop.stop)
        # A run that was a step may have a process that is just leaving.
        self._loop.run(lambda: not (self._viewers.unsent or strays()))
        self._lines.close()
        self._ledger.close()
        sys.exit(exits.DONE)
