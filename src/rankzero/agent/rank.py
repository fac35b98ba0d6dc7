"""One rank's process: started, listened to, signalled, and found dead."""

import contextlib
import os
import signal
from typing import Callable, Dict, List, Optional

from rankzero.agent import autopsy, process
from rankzero.agent.config import AgentConfig
from rankzero.agent.environment import OWN
from rankzero.agent.interpreter import Interpreter
from rankzero.agent.loop import Loop
from rankzero.agent.spares import Spares
from rankzero.contracts.topology import Rank
from rankzero.script.channel import BECAME

#: The longest report that is waited for without its newline.
_REPORT_LINE = 4096
#: A larger pipe lets a rank that prints in bursts run on. All ranks of a node share this much
#: (bytes): Linux gives an ordinary user 64 MiB of pipes, and data loaders need some, too.
_PIPES = 32 << 20


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
        self.ended_at = 0.0
        self.stopping = self.condemned = False
        self.gone = True
        self.tail = b""
        self._loop, self._config = loop, config
        self._pipe_size = min(1 << 20, _PIPES // max(rank_count, 1))
        self._on_output, self._on_report = on_output, on_report
        self._partial = b""
        self._env: Dict[str, str] = {}
        self._body: Optional[Interpreter] = None
        self._became = False
        traces = os.path.join(config.folder, "ranks")
        self.traces = autopsy.Traces(traces, generation, rank.rank)

    def start(self, env: Dict[str, str], spares: Spares, seat: Optional[int] = None) -> None:
        """Let a spare become it, or spawn it; with a seat of MPI always the latter. Errors: OSError
        where the interpreter can't be started."""
        self._env = dict(env, **self.traces.environment())
        with contextlib.suppress(OSError):  # full, or away: a rank may have no use for it
            os.makedirs(env[OWN], exist_ok=True)
        spare = None if seat is not None else spares.take(self.rank.local_rank, self._env)
        if spare is None:
            self._start_cold(seat)
        else:
            self._live_in(spare)

    def start_again(self) -> bool:
        """After the death of a spare that had not become this rank yet: start it without one, so
        that whatever ended the spare, such as an import, shows as it would have. False where the
        death was the rank's own."""
        if self._became or self.stopping:
            return False
        body = self._living()
        body.kill()  # what an import may have started
        body.close()
        try:
            self._start_cold()
        except OSError:
            return False
        self.code = None
        return True

    def _start_cold(self, seat: Optional[int] = None) -> None:
        body = Interpreter(self._loop, self._config)
        body.start(self._env, seat=seat)
        self._live_in(body)
        self._become()

    def _live_in(self, body: Interpreter) -> None:
        self._body, self.gone, self._partial = body, False, b""
        body.reports.listen(self._take_reports)

    def _become(self) -> None:
        """What a spare has printed is the rank's from now on."""
        self._became = True
        self._living().output.listen(self._take_output, self._pipe_size)

    def _living(self) -> Interpreter:
        assert self._body is not None, "this rank was never started"
        return self._body

    def condemn(self, what: str, why: str) -> None:
        """End it, alive as it is, for what has failed beside it; a reason of its own stays."""
        self.condemned = True
        with contextlib.suppress(OSError):  # a full disk costs the reason, and no more
            self.traces.write(what, why, self._loop.now())
        self.signal(signal.SIGKILL)

    # -- its life

    @property
    def pid(self) -> int:
        return self._living().pid

    @property
    def talking(self) -> bool:
        """Whether anybody can still write into its output."""
        return self._became and self._living().output.open

    def signal(self, number: int) -> None:
        if not self.gone and not process.signal_group(self.pid, number):
            self.gone = self.code is not None
        if number != signal.SIGKILL and not self.gone:
            # A stopped process (SIGSTOP, a debugger) must wake up to see the signal.
            process.signal_group(self.pid, signal.SIGCONT)

    def ended(self, code: int) -> None:
        """Its process was reaped; what it wrote is taken now, before anybody is told."""
        self.code, self.ended_at = code, self._loop.now()
        self.drain()

    def check_gone(self) -> bool:
        """Whether, after its process, its whole group has ended too."""
        if self.code is not None and not self.gone:
            self.gone = not process.signal_group(self.pid, 0)
        return self.gone

    def drain(self) -> None:
        """Take what it has written until now."""
        self._living().drain()

    def close(self) -> None:
        """Let its pipes go, after a last look into them."""
        self.drain()
        self._living().close()
        self.traces.clear()
        with contextlib.suppress(OSError):  # one that it has used holds something
            os.rmdir(self._env[OWN])
            os.rmdir(os.path.dirname(self._env[OWN]))

    # -- what it says

    def _take_output(self, block: bytes) -> None:
        self.tail = (self.tail + block)[-autopsy.TAIL :]
        self._on_output(self, block)

    def _take_reports(self, block: bytes) -> None:
        lines: List[bytes] = (self._partial + block).split(b"\n")
        self._partial = lines.pop()[-_REPORT_LINE:]
        for line in lines:
            if line == BECAME.encode() and not self._became:
                self._become()
            elif line:
                self._on_report(self, line)
