"""The process of a rank, or of one to come: its interpreter, started, and the pipes to it."""

import contextlib
import os
import signal
from typing import Dict, Optional

from rankzero.agent import process
from rankzero.agent.config import AgentConfig
from rankzero.agent.loop import Loop
from rankzero.agent.pipe import Pipe
from rankzero.script.channel import name_of

#: The descriptor on which a rank reports; the first one behind its standard streams.
REPORT_FD = 3
#: The one from which a spare reads which rank it is; closed by then.
ORDERS_FD = 4
#: The one at which a rank of MPI waits for the rest of its environment (`mpi.seat`).
SEAT_FD = 5
#: What a rank's interpreter runs: it must find `rankzero` without having it installed.
BOOT = "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.starter import main; main()"


def root() -> str:
    """The folder, or the zip, that holds the `rankzero` package."""
    here = os.path.abspath(__file__)
    return os.path.dirname(os.path.dirname(os.path.dirname(here)))


def library(folder: str) -> str:
    """What goes on a rank's `sys.path`: a place that holds `rankzero` and nothing else.

    Installed, `root()` is a whole site-packages; with another interpreter for the ranks its
    modules would be found there, built for the wrong Python, in place of "No module named".
    """
    whole = root()
    if not os.path.isdir(whole):
        return whole  # a zip
    alone = os.path.join(folder, "lib")
    os.makedirs(alone, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.symlink(os.path.join(whole, "rankzero"), os.path.join(alone, "rankzero"))
    return alone


class Interpreter:
    """Nobody listens to its pipes until the owner does."""

    def __init__(self, loop: Loop, config: AgentConfig) -> None:
        """Errors: OSError where no pipe is to be had."""
        self.pid = -1
        self._config = config
        self.output = Pipe(loop)
        try:
            self.reports = Pipe(loop)
        except OSError:
            self.output.close()
            raise

    def start(
        self, env: Dict[str, str], orders: Optional[int] = None, seat: Optional[int] = None
    ) -> None:
        """Spawn it, in a group of its own. orders: the end of a pipe that makes it a spare. seat:
        where a rank of MPI waits.

        Errors: OSError where the interpreter can't be started.
        """
        command = self._config.command
        argv = [self._config.python, "-c", BOOT.format(root=library(self._config.folder))]
        argv += [command.kind, command.target, *command.args]
        report = name_of(self.reports.write_fd, REPORT_FD)
        env = dict(env, RANKZERO_REPORT_FD=report, RANKZERO_PARENT_PID=str(os.getpid()))
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, self.output.write_fd, 1),
            (os.POSIX_SPAWN_DUP2, self.output.write_fd, 2),
            (os.POSIX_SPAWN_DUP2, self.reports.write_fd, REPORT_FD),
        ]
        if orders is not None:
            env["RANKZERO_ORDERS_FD"] = str(ORDERS_FD)
            actions.append((os.POSIX_SPAWN_DUP2, orders, ORDERS_FD))
        if seat is not None:
            env["RANKZERO_SEAT_FD"] = str(SEAT_FD)
            actions.append((os.POSIX_SPAWN_DUP2, seat, SEAT_FD))
        spawn = os.posix_spawn if os.path.sep in argv[0] else os.posix_spawnp
        try:
            self.pid = spawn(
                argv[0], argv, env, file_actions=actions, setpgroup=0, setsigdef=process.DEFAULTS
            )
        except OSError:
            self.close()
            raise
        self.output.started()
        self.reports.started()

    def drain(self) -> None:
        """Take what is in its pipes at this moment, for those who listen."""
        self.reports.drain()  # first: here a spare says whose its output is
        self.output.drain()

    def close(self) -> None:
        """Let its pipes go, and what nobody has taken out of them."""
        self.output.close()
        self.reports.close()

    def kill(self) -> None:
        """End it, with all that it has started."""
        process.signal_group(self.pid, signal.SIGKILL)
