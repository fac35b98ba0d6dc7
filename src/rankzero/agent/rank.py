"""One rank's process: started, listened to, signalled, and found dead."""

import contextlib
import os
import signal
from typing import Callable, Dict, List, Optional

from rankzero import contracts
from rankzero.agent import autopsy, process
from rankzero.agent.config import AgentConfig
from rankzero.agent.loop import Loop
from rankzero.agent.pipe import Pipe
from rankzero.contracts.topology import Rank, Topology
from rankzero.script.channel import name_of

#: The descriptor on which a rank reports; the first one behind its standard streams.
REPORT_FD = 3
#: What a rank's interpreter runs: it must find `rankzero` without having it installed.
BOOT = "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.starter import main; main()"
_DEFAULTS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
#: A larger pipe lets a rank that prints in bursts run on. All ranks of a node share this much
#: (bytes): Linux gives an ordinary user 64 MiB of pipes, and data loaders need some, too.
_PIPES = 32 << 20
#: The longest report that is waited for without its newline.
_REPORT_LINE = 4096


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


class RankProcess:
    """A rank of one generation. `code` is None while its process lives.

    Its group is signalled as a whole, and stays known until nobody of it is left.
    """

    def __init__(
        self,
        loop: Loop,
        config: AgentConfig,
        rank: Rank,
        generation: int,
        rank_count: int,
        on_output: Callable[["RankProcess", bytes], None],
        on_report: Callable[["RankProcess", bytes], None],
    ) -> None:
        self.rank, self.generation = rank, generation
        self.code: Optional[int] = None
        self.pid = -1
        self.stopping = False
        self.gone = False
        self.tail = b""
        self._config = config
        self._loop = loop
        self._on_output, self._on_report = on_output, on_report
        self._partial = b""
        size = min(1 << 20, _PIPES // (max(rank_count, 1)))
        self.output = Pipe(loop, self._take_output, size)
        self.reports = Pipe(loop, self._take_reports)
        traces = os.path.join(config.folder, "ranks")
        self.traces = autopsy.Traces(traces, generation, rank.rank)

    def start(self, env: Dict[str, str]) -> None:
        """Spawn it. Errors: OSError where the interpreter can't be started."""
        command = self._config.command
        argv = [self._config.python, "-c", BOOT.format(root=library(self._config.folder))]
        argv += [command.kind, command.target, *command.args]
        report = name_of(self.reports.write_fd, REPORT_FD)
        env = dict(env, RANKZERO_REPORT_FD=report, RANKZERO_PARENT_PID=str(os.getpid()))
        env.update(self.traces.environment())
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, self.output.write_fd, 1),
            (os.POSIX_SPAWN_DUP2, self.output.write_fd, 2),
            (os.POSIX_SPAWN_DUP2, self.reports.write_fd, REPORT_FD),
        ]
        spawn = os.posix_spawn if os.path.sep in argv[0] else os.posix_spawnp
        try:
            self.pid = spawn(
                argv[0], argv, env, file_actions=actions, setpgroup=0, setsigdef=_DEFAULTS
            )
        except OSError:
            self.gone = True
            self.output.close()
            self.reports.close()
            raise
        self.output.started()
        self.reports.started()

    # -- its life

    @property
    def alive(self) -> bool:
        """Whether its process, or anything of its group, is there."""
        return not self.gone

    def signal(self, number: int) -> None:
        if not self.gone and not process.signal_group(self.pid, number):
            self.gone = self.code is not None
        if number != signal.SIGKILL and not self.gone:
            # A stopped process (SIGSTOP, a debugger) must wake up to see the signal.
            process.signal_group(self.pid, signal.SIGCONT)

    def ended(self, code: int) -> None:
        """Its process was reaped; what it wrote is taken now, before anybody is told."""
        self.code = code
        self.output.drain()
        self.reports.drain()

    def check_gone(self) -> bool:
        """Whether, after its process, its whole group has ended too."""
        if self.code is not None and not self.gone:
            self.gone = not process.signal_group(self.pid, 0)
        return self.gone

    def close(self) -> None:
        """Let its pipes go, after a last look into them."""
        self.output.drain()
        self.reports.drain()
        self.output.close()
        self.reports.close()
        self.traces.clear()

    # -- what it says

    def _take_output(self, block: bytes) -> None:
        self.tail = (self.tail + block)[-autopsy.TAIL :]
        self._on_output(self, block)

    def _take_reports(self, block: bytes) -> None:
        lines: List[bytes] = (self._partial + block).split(b"\n")
        self._partial = lines.pop()[-_REPORT_LINE:]
        for line in lines:
            if line:
                self._on_report(self, line)


def environment(config: AgentConfig, topology: Topology, rank: Rank) -> Dict[str, str]:
    """All that a rank of this node finds in its environment, but for what is its process's own."""
    env = base_environment(config, contracts.defaults(topology, rank))
    env.update(contracts.environment(topology, rank))
    return env


def base_environment(config: AgentConfig, defaults: Dict[str, str]) -> Dict[str, str]:
    """What every rank inherits: the agent's environment, the defaults where neither it nor the
    user has a value, and the user's own. What belongs to the agent alone is taken out."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("RANKZERO_")}
    env = dict(defaults)
    env.update(inherited)
    env.update(config.env)
    env["RANKZERO_OUTPUTS"] = config.outputs
    env["RANKZERO_WORKDIR"] = config.workdir
    return env
