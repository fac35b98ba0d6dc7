"""The ranks of one node, as `agent/ranks.py` handles them: started and stopped as a generation."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.agent import autopsy
from rankzero.contracts.topology import Rank, Topology

from .world import Timer

if TYPE_CHECKING:
    from .agents import SimAgent


class Script(NamedTuple):
    """What one rank does. lasts: seconds, None for ever; term: its code at SIGTERM, None where it
    ignores that; lingers: seconds that a process which it left behind outlives it."""

    lasts: float | None
    code: int
    term: int | None = -signal.SIGTERM
    lingers: float = 0.0


class SimRank:
    def __init__(self, place: Rank, script: Script) -> None:
        self.place, self.script = place, script
        self.code: int | None = None
        self.stopping = False


class SimRanks:
    def __init__(self, agent: SimAgent) -> None:
        self._agent, self._world = agent, agent.world
        self.generation = 0
        self.ranks: list[SimRank] = []
        self._stopping = False
        self._kill: tuple[float, Timer] | None = None
        self._left_until = 0.0

    @property
    def alive(self) -> bool:
        return any(rank.code is None for rank in self.ranks)

    def start(self, topology: Topology, node_rank: int) -> None:
        self.generation, self._stopping = topology.generation, False
        for place in topology.ranks_of(node_rank):
            rank = SimRank(place, self._agent.scripts(topology, place))
            self.ranks.append(rank)
            if rank.script.lasts is not None:
                self._end_later(rank, rank.script.lasts, rank.script.code)

    def stop(self, grace: float) -> None:
        self._stopping = True
        for rank in self.ranks:
            rank.stopping = True
            if rank.code is None and rank.script.term is not None and grace > 0:
                self._end_later(rank, self._world.between(0.0, 0.5), rank.script.term)
        when = self._world.now + max(0.0, grace)
        if grace <= 0:
            self._kill_all()
        elif self._kill is None or when < self._kill[0]:
            if self._kill is not None:
                self._kill[1].cancel()
            self._kill = (when, self._world.at(when, self._kill_all))
        self._settle()

    def die(self) -> None:
        """The agent was killed: every rank has a parent-death signal."""
        for rank in self.ranks:
            if rank.code is None:
                rank.code = -signal.SIGKILL
        self.ranks = []

    # -- inside

    def _kill_all(self) -> None:
        self._kill = None
        self._left_until = self._world.now
        for rank in self.ranks:
            if rank.code is None:
                self._end_later(rank, self._world.between(0.0, 0.02), -signal.SIGKILL)

    def _end_later(self, rank: SimRank, delay: float, code: int) -> None:
        self._world.after(delay, lambda: self._end(rank, code))

    def _end(self, rank: SimRank, code: int) -> None:
        """The process is gone now; the agent hears of it when it can."""
        if rank.code is not None or rank not in self.ranks:
            return
        rank.code = code
        self._left_until = max(self._left_until, self._world.now + rank.script.lingers)
        stopping, ended = rank.stopping, self._world.now
        self._agent.checks.rank_ended(self._agent, rank.place, self.generation, code)
        self._agent.when_awake(lambda: self._reaped(rank, code, stopping, ended))

    def _reaped(self, rank: SimRank, code: int, stopping: bool, ended: float) -> None:
        if rank not in self.ranks:
            return
        failure: dict[str, Any] | None = None
        if code != 0 and not (stopping and autopsy.ours(code)):
            number = rank.place.rank
            failure = {"kind": "rank-failed", "rank": number, "node": self._agent.key}
            failure.update(time=ended, code=code, message="failed")
        self._agent.rank_exited(self.generation, rank.place.local_rank, code, failure)
        self._settle()

    def _settle(self) -> None:
        if not self._stopping or self.alive:
            return
        if self._world.now < self._left_until:
            self._world.at(self._left_until, lambda: self._agent.when_awake(self._settle))
            return
        if self._kill is not None:
            self._kill[1].cancel()
            self._kill = None
        self.ranks, self._stopping = [], False
        self._agent.all_down()


Scripts = Callable[[Topology, Rank], Script]
