"""All ranks of a node: started as a generation, stopped as a generation, no process left behind."""

import contextlib
import signal
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from rankzero.agent import autopsy, process
from rankzero.agent.config import AgentConfig
from rankzero.agent.environment import base_environment, environment
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.rank import RankProcess
from rankzero.agent.spares import Spares
from rankzero.contracts.topology import Topology

if TYPE_CHECKING:
    from rankzero.agent.mpi.wiring import Wiring

#: How long what a rank left running gets between SIGTERM and SIGKILL (seconds).
LEFTOVER_GRACE = 5.0
#: After everybody is dead, how long a pipe that somebody else still holds is waited for.
PIPE_WAIT = 1.0
#: How long a rank of MPI that was told to end, because something else of its world has, is not
#: taken for a failure: what it was that ended has this time to tell it (seconds).
FOLLOWED = 3.0

#: (rank process, failure record or None)
OnExit = Callable[[RankProcess, Optional[Dict[str, Any]]], None]


class Ranks:
    """on_exit is called for each rank as it ends, on_down once after each stop, when neither a
    rank nor anything that it started is alive on this node; on_replaced where a rank has another
    process because its spare died before it was that rank."""

    def __init__(
        self,
        loop: Loop,
        config: AgentConfig,
        spares: Spares,
        wiring: "Optional[Wiring]" = None,
        *,
        on_output: Callable[[RankProcess, bytes], None],
        on_report: Callable[[RankProcess, bytes], None],
        on_exit: OnExit,
        on_leftovers: Callable[[RankProcess, int], None],
        on_replaced: Callable[[RankProcess], None],
        on_down: Callable[[], None],
    ) -> None:
        self._loop, self._config, self._spares, self._wiring = loop, config, spares, wiring
        self._on_replaced = on_replaced
        self._on_output, self._on_report = on_output, on_report
        self._on_exit, self._on_leftovers, self._on_down = on_exit, on_leftovers, on_down
        self._ranks: List[RankProcess] = []
        self._untold: List[RankProcess] = []
        self._stopping = False
        self._kill: Optional[Timer] = None
        self._tidy: Optional[Timer] = None
        self._pipes: Optional[Timer] = None
        loop.on_signal(signal.SIGCHLD, self.reap)

    def start(self, topology: Topology, node_rank: int) -> None:
        """Start this node's ranks. Errors: OSError where one can't be; the others are ended."""
        self._stopping = False
        try:
            self._start_all(topology, node_rank)
        except OSError:
            self.stop(0.0)
            raise

    def _start_all(self, topology: Topology, node_rank: int) -> None:
        if self._wiring is not None:
            self._wiring.prepare(topology, base_environment(self._config, {}))
        for rank in topology.ranks_of(node_rank):
            one = RankProcess(
                self._loop,
                self._config,
                rank,
                topology.generation,
                topology.nodes[node_rank].nproc,
                self._on_output,
                self._on_report,
            )
            env = environment(self._config, topology, rank)
            with contextlib.ExitStack() as stack:
                seat = None
                if self._wiring is not None:
                    env = {**self._wiring.variables(), **env}
                    seat = stack.enter_context(self._wiring.seat(topology.generation, rank.rank))
                one.start(env, self._spares, None if seat is None else seat.fileno())
            self._ranks.append(one)
        if self._wiring is not None:
            self._wiring.begin(node_rank)

    def pids(self) -> Dict[int, int]:
        """The ranks' processes."""
        return {rank.rank.rank: rank.pid for rank in self._ranks}

    def first(self) -> Optional[RankProcess]:
        """Rank 0, where it runs here, or its end is not told yet."""
        return next((one for one in self._open() if one.rank.rank == 0), None)

    def condemn(self, what: str, why: str) -> None:
        """The first rank here that has told of no end fails for what has failed beside it."""
        for rank in self._open()[:1]:
            rank.condemn(what, why)
            self._tell(rank)

    def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds; a second call can only shorten that."""
        self._stopping = True
        if self._wiring is not None:
            self._wiring.hush()
        for rank in self._ranks:
            rank.stopping = True
        if grace > 0:
            self._signal(signal.SIGTERM)
            when = self._loop.now() + grace
            if self._kill is None or when < self._kill.when:
                self._set_kill(when)
        else:
            self._signal(signal.SIGKILL)
        self.settle()

    def reap(self) -> None:
        """Take the codes of all children that have ended."""
        for pid, code in process.reap():
            self._spares.ended(pid)
            if self._wiring is not None:
                self._wiring.ended(pid, code)
            for rank in self._ranks:
                if rank.pid == pid and rank.code is None:
                    self._ended(rank, code)
        if self._ranks:  # else no child is a stray: others start some, too
            self.settle()

    def settle(self) -> None:
        """See what of the ranks' groups is left, and whether all are down."""
        busy = [rank for rank in self._ranks if not rank.check_gone()]
        running = [rank for rank in self._ranks if rank.code is None]
        if not running and not busy:
            strays = self._strays()
            if strays:
                self._end_strays(strays)
            elif self._stopping and (self._wiring is None or self._wiring.end()):
                self._all_dead()

    # -- inside

    def _open(self) -> List[RankProcess]:
        """Those that live, or whose end is not told yet."""
        return [one for one in self._ranks if one.code is None or one in self._untold]

    def _ended(self, rank: RankProcess, code: int) -> None:
        rank.ended(code)
        if rank.start_again():
            self._on_replaced(rank)
            return
        if code == 0 and self._wiring is not None:
            self._wiring.done(rank.rank.rank)
        if not rank.check_gone() and not rank.stopping:
            self._on_leftovers(rank, process.members(rank.pid))
            rank.signal(signal.SIGTERM)
            self._tidy_soon()
        self._untold.append(rank)
        if self._wiring is None or rank.stopping or not self._wiring.followed(code, rank.tail):
            self._tell(rank)
        else:
            self._loop.after(FOLLOWED, lambda: self._tell(rank))

    def _tell(self, rank: RankProcess) -> None:
        """That it has ended; once, and no more where all of its generation is down."""
        if rank in self._untold:
            self._untold.remove(rank)
            self._on_exit(rank, self._failure(rank))

    def _failure(self, rank: RankProcess) -> Optional[Dict[str, Any]]:
        code = rank.code
        assert code is not None, "it has ended"
        if code == 0 or (rank.stopping and autopsy.ours(code)):
            return None
        node, tail = self._config.node, rank.tail
        failure = autopsy.failure(rank.traces, rank.rank.rank, node, code, rank.ended_at, tail)
        if self._wiring is not None:
            failure.update({"leads": True} if rank.condemned else self._wiring.abort(tail))
        return failure

    def _strays(self) -> List[int]:
        """What detached itself from its rank's group came to us when its parent died."""
        known = [*self._spares.pids(), *(self._wiring.pids() if self._wiring is not None else ())]
        return [pid for pid in process.children() if pid not in known]

    def _end_strays(self, strays: List[int]) -> None:
        for pid in strays:
            process.signal_process(pid, signal.SIGTERM)
        self._tidy_soon()

    def _tidy_soon(self) -> None:
        """Leftovers have a time of their own: a rank that saves its model under the job's grace
        must not lose it because another one has left a process behind."""
        if self._tidy is None:
            self._tidy = self._loop.after(LEFTOVER_GRACE, self._tidy_now)

    def _tidy_now(self) -> None:
        self._tidy = None
        for rank in self._ranks:
            if rank.code is not None:
                rank.signal(signal.SIGKILL)
        if all(rank.code is not None for rank in self._ranks):
            for pid in self._strays():
                process.signal_process(pid, signal.SIGKILL)
        self.settle()

    def _set_kill(self, when: float) -> None:
        if self._kill is not None:
            self._kill.cancel()
        self._kill = self._loop.at(when, self._kill_now)

    def _kill_now(self) -> None:
        self._kill = None
        for rank in self._ranks:
            rank.signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for rank in self._ranks:
            rank.signal(number)

    def _all_dead(self) -> None:
        """Close the pipes once they have ended; one that somebody else holds gets a moment."""
        if any(rank.talking for rank in self._ranks) and self._pipes is None:
            for rank in self._ranks:
                rank.drain()
            if any(rank.talking for rank in self._ranks):
                self._pipes = self._loop.after(PIPE_WAIT, self._down)
                return
        if self._pipes is None:
            self._down()

    def _down(self) -> None:
        self._pipes = None
        for timer in (self._kill, self._tidy):
            if timer is not None:
                timer.cancel()
        self._kill = self._tidy = None
        for rank in self._ranks:
            rank.close()
        self._ranks, self._untold = [], []
        self._stopping = False
        self._on_down()
