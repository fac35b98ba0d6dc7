"""Spares: interpreters started ahead, while it is not known yet which ranks they will be.

A rank's own start, and above all the import of its framework, takes longer than all that an agent
does. None of it depends on who takes part. So an agent that expects to start ranks has their
interpreters do it already; at the assignment each gets its rank's environment through a pipe and
becomes that rank (`starter_spare`).

Spares never wait beside ranks that run: their memory is the ranks'.
"""

import os
from typing import Callable, Dict, List, Optional, Set

from rankzero.agent import process
from rankzero.agent.config import AgentConfig
from rankzero.agent.environment import settled
from rankzero.agent.interpreter import Interpreter
from rankzero.agent.loop import Loop

#: More than this many ranks start without: three descriptors each are what an agent has left.
MOST = 128


class Spare:
    """env: what it starts with, which must hold for the rank as well."""

    def __init__(self, loop: Loop, config: AgentConfig, env: Dict[str, str]) -> None:
        """Errors: OSError where it can't be started."""
        self._env = env
        self.body = Interpreter(loop, config)
        try:
            read, self._orders = os.pipe()
        except OSError:
            self.body.close()
            raise
        os.set_blocking(self._orders, False)
        try:
            self._start(read)
        except OSError:
            os.close(self._orders)
            self.body.close()
            raise

    def _start(self, read: int) -> None:
        try:
            high = process.copy_high(read)
        finally:
            os.close(read)
        try:
            self.body.start(self._env, orders=high)
        finally:
            os.close(high)

    def become(self, env: Dict[str, str]) -> bool:
        """Tell it its environment; False where it cannot be that rank.

        It may still be importing, so what does not fit into the pipe at once is not waited for.
        """
        if settled(env) != self._env:
            return False
        pairs = [os.fsencode("%s=%s" % pair) + b"\0" for pair in env.items()]
        whole = b"".join(pairs) + b"\0"
        try:
            told = os.write(self._orders, whole) == len(whole)
        except OSError:  # it has died, or nothing fits
            return False
        if told:
            os.close(self._orders)
        return told

    def kill(self) -> None:
        """It has run nothing of the user's: nothing would be gained by asking it."""
        self.body.kill()
        self.body.close()
        os.close(self._orders)


class Spares:
    """A node's, by local rank. Whoever reaps children says which have ended."""

    def __init__(self, loop: Loop, config: AgentConfig) -> None:
        self._loop, self._config = loop, config
        self._spares: Dict[int, Spare] = {}
        self._expected = False
        self._dying: Set[int] = set()

    def expect(self, foreseen: Callable[[], List[Dict[str, str]]]) -> None:
        """Ranks with these environments will be started. One that dies before is not replaced:
        it would have its reasons again."""
        if self._expected or not self._wanted():
            return
        self._expected = True
        environments = foreseen()
        if len(environments) > MOST:
            return
        try:
            for local_rank, env in enumerate(environments):
                self._spares[local_rank] = Spare(self._loop, self._config, env)
        except OSError:
            self._kill_all()  # the ranks will say what is wrong

    def end(self) -> None:
        """No ranks will be started, or all have been."""
        self._expected = False
        self._kill_all()

    def _kill_all(self) -> None:
        for spare in self._spares.values():
            self._dying.add(spare.body.pid)
            spare.kill()
        self._spares.clear()

    def take(self, local_rank: int, env: Dict[str, str]) -> Optional[Interpreter]:
        """An interpreter that is becoming the rank with this environment; None where the rank has
        to be started from nothing."""
        spare = self._spares.get(local_rank)
        if spare is None or not spare.become(env):
            return None
        del self._spares[local_rank]
        return spare.body

    def ended(self, pid: int) -> None:
        """A child was reaped: one of these, or somebody else."""
        self._dying.discard(pid)
        for local_rank, spare in list(self._spares.items()):
            if spare.body.pid == pid:
                del self._spares[local_rank]
                spare.kill()

    def pids(self) -> Set[int]:
        """Their processes, also those that have been killed and are not reaped yet."""
        return self._dying | {spare.body.pid for spare in self._spares.values()}

    def _wanted(self) -> bool:
        """A command is not ours: nobody knows what it will be."""
        return self._config.spares and self._config.command.kind != "command"
