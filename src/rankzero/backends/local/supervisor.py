"""What a cluster does for pods, for agents on one machine: start them, start them again when
they die, leave nothing behind. One process a run; standard library only, for it must start fast.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path

from rankzero.agent import events as ev
from rankzero.agent import exits, process
from rankzero.agent.chronicle import Chronicle, read
from rankzero.agent.config import AgentConfig, load
from rankzero.agent.history import fold
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.dial import dial
from rankzero.agent.wire.seal import Handshake
from rankzero.backends.local.folder import RunFolder
from rankzero.backends.local.inherited import (
    AGENT_LIFELINE,
    AGENT_LISTENER,
    LISTENER,
    interpreter,
    stand_alone,
)

#: After the run's end, agents that are still there get this long (seconds).
_LAST_WAIT = 10.0
#: The grace of a run whose command is gone; its terminal may be closing.
_ABANDONED_GRACE = 10.0


def main() -> None:
    """`... FOLDER [--detached]`; descriptor 0 is the lifeline, unless detached."""
    stand_alone()
    folder = RunFolder(Path(sys.argv[1]))
    Supervisor(folder, attached="--detached" not in sys.argv).run()


class _Agent:
    """One node's agent. deaths: how often it ended without being asked to."""

    def __init__(self, config: AgentConfig, file: Path) -> None:
        self.config, self.file = config, file
        self.pid: int | None = None
        self.deaths = 0
        self.done = False


class Supervisor:
    def __init__(self, folder: RunFolder, attached: bool) -> None:
        self._folder = folder
        self._loop = Loop()
        self._attached = attached
        files = [folder.agents / f"{path.name}.json" for path in folder.node_folders().values()]
        self._agents = [_Agent(load(str(file)), file) for file in files]
        self._lifeline = os.pipe()
        self._stopping: Timer | None = None
        self._ending: Timer | None = None
        self._stop_sent = False
        self._trouble: dict[str, str] | None = None

    def run(self) -> None:
        """Until every agent has ended for good."""
        self._loop.on_signal(signal.SIGCHLD, self._reap)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.on_signal(number, lambda: self._stop("the supervisor was asked to end"))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if self._attached:
            self._loop.watch(0, self._hear_lifeline)
        for agent in self._agents:
            self._spawn(agent)
        self._loop.run()
        self._write_end()

    # -- agents

    def _spawn(self, agent: _Agent) -> None:
        argv = [*interpreter("rankzero.agent.__main__"), str(agent.file)]
        log = self._folder.nodes / agent.file.stem / "agent.log"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        first = agent is self._agents[0]
        lifeline = process.copy_high(self._lifeline[0])
        listener = process.copy_high(LISTENER) if first else -1
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, lifeline, AGENT_LIFELINE),
        ]
        if first:
            actions.append((os.POSIX_SPAWN_DUP2, listener, AGENT_LISTENER))
        env = dict(os.environ, RANKZERO_LIFELINE_FD=str(AGENT_LIFELINE))
        defaults = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
        try:
            agent.pid = os.posix_spawn(
                argv[0], argv, env, file_actions=actions, setsigdef=defaults, setpgroup=0
            )
        except OSError as error:
            self._give_up(f"cannot start the agent of {agent.config.node}: {error.strerror}")
        os.close(lifeline)
        if first:
            os.close(listener)

    def _give_up(self, message: str) -> None:
        """The machine refuses what every run needs: processes, or room on the disk."""
        self._trouble = {"kind": "refused", "message": message}
        self._kill_all()
        self._settle()

    def _reap(self) -> None:
        for pid, code in process.reap():
            for agent in self._agents:
                if agent.pid == pid:
                    agent.pid = None
                    self._ended(agent, code)
        self._settle()

    def _ended(self, agent: _Agent, code: int) -> None:
        history = fold(read(str(self._folder.events_file)))
        # Without an outcome an agent is still needed, also one that somebody asked to leave.
        over = history.outcome is not None or history.final or self._stop_sent
        agent.deaths += 1
        limit = agent.config.settings.max_restarts + 1
        agent.done = over or code == exits.FENCED or agent.deaths > limit
        if agent is self._agents[0] and history.final and self._ending is None:
            self._ending = self._loop.after(_LAST_WAIT, self._kill_all)

    def _settle(self) -> None:
        """End what dead agents left, then start those agents again that are still needed."""
        mine = {agent.pid for agent in self._agents}
        strays = [pid for pid in process.children() if pid not in mine]
        for pid in strays:
            process.signal_process(pid, signal.SIGKILL)
        if strays:
            return  # each one's end comes back here
        for agent in self._agents:
            if agent.pid is None and not agent.done:
                self._spawn(agent)
        if all(agent.pid is None for agent in self._agents):
            self._loop.stop()

    def _kill_all(self) -> None:
        for agent in self._agents:
            agent.done = True
            if agent.pid is not None:
                process.signal_process(agent.pid, signal.SIGKILL)

    # -- being asked to end

    def _hear_lifeline(self) -> None:
        """A word lets the run go on without the command; silence means that the command died."""
        word = os.read(0, 64)
        self._loop.watch(0)
        if not word:
            self._stop("the command that started it has ended", _ABANDONED_GRACE)

    def _stop(self, by: str, most: float | None = None) -> None:
        if self._stopping is not None:
            return
        grace = self._agents[0].config.limits.grace
        grace = grace if most is None else min(grace, most)
        self._stopping = self._loop.after(grace + _LAST_WAIT, self._kill_all)
        message = {"type": "stop", "id": 1, "by": by, "grace": grace}
        self._ask_coordinator(message)

    def _ask_coordinator(self, message: "dict[str, object]") -> None:
        token = self._folder.token_file.read_bytes().strip()
        address = self._folder.address_file.read_text(encoding="ascii")

        def again(reason: str) -> None:
            if not self._stop_sent:
                self._loop.after(0.2, lambda: self._ask_coordinator(message))

        def connected(sock: socket.socket) -> None:
            connection = Connection(
                self._loop,
                sock,
                Handshake(token, "viewer"),
                dials=True,
                on_ready=lambda: connection.send(message),
                on_message=lambda answer: self._sent(),
                on_close=again,
            )

        dial(self._loop, address, connected, again)

    def _sent(self) -> None:
        self._stop_sent = True

    # -- the end

    def _write_end(self) -> None:
        """The coordinator wrote how the run ended, unless none was left to do it."""
        try:
            chronicle = Chronicle(str(self._folder.events_file), lambda event: None)
            history = chronicle.history()
            if history.final:
                return
            by = self._stopping is not None
            died = {"kind": "agent-died", "message": self._last_words()}
            cause = None if by else self._trouble or history.cause or died
            data = {"state": ev.STOPPED if by else ev.FAILED, "cause": cause, "exit_code": 1}
            chronicle.add(time.time(), ev.FINISHED, dict(history.outcome or data))
            chronicle.close()
        finally:
            self._folder.reserve_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        for agent in self._agents:
            log = self._folder.nodes / agent.file.stem / "agent.log"
            text = log.read_text(encoding="utf-8", errors="replace").strip() if log.exists() else ""
            if text:
                return f"the agent of {agent.config.node} died: {text.splitlines()[-1]}"
        return "the agents died again and again"
