"""An agent's part in making its ranks one world of MPI: seats for its ranks, `mpirun` on the first
node, its daemon on each other one."""

import errno
import itertools
import json
import os
import re
import signal
import socket
import sys
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from rankzero.agent.config import AgentConfig
from rankzero.agent.interpreter import root
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.mpi import LOST, seat
from rankzero.agent.mpi.child import Child
from rankzero.agent.mpi.scratch import Scratch
from rankzero.agent.mpi.variables import MISSING, PROGRAM, REMOTE
from rankzero.agent.process import ended_how
from rankzero.contracts.topology import Topology

#: Between SIGTERM and SIGKILL (seconds): an mpirun has files to remove.
GRACE = 5.0
#: Where mpirun ends before its time, a rank that has failed is why, more often than not, and the
#: agents know of it within this time (seconds).
BENEFIT = 1.0
_FOLDER = "mpi"
#: Of what mpirun said, in a cause (characters).
_LONGEST = 240
#: MPICH's and its kin's last words; Open MPI's are its mpirun's.
_ABORT = re.compile(rb"application called (MPI_Abort\([^()\n]*\))")
#: Open MPI's, of a rank that ends because it was told that another one, or a daemon, is gone. Not
#: every version has it say so, but its code is PMIx's for a lost connection (-61).
_FOLLOWS = re.compile(rb"error occurred in PMIx Event Notification", re.IGNORECASE)
_LOST_CONNECTION = -61 & 0xFF
_BOOT = (
    "import sys; sys.path.insert(0, {root!r}); from rankzero.agent.mpi.{module} import main; main()"
)


class Wiring:
    """One per agent of a job of MPI. on_output: what mpirun prints. on_broken: why the world has
    come apart without a rank's doing, on the first node. on_unable: why it can never be made here.
    on_launched: what to tell the coordinator."""

    def __init__(
        self,
        loop: Loop,
        config: AgentConfig,
        token: bytes,
        *,
        on_output: Callable[[bytes], None],
        on_broken: Callable[[str], None],
        on_unable: Callable[[str], None],
        on_launched: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._loop, self._config, self._token = loop, config, token
        self._on_output, self._on_broken = on_output, on_broken
        self._on_unable, self._on_launched = on_unable, on_launched
        self._folder = os.path.join(config.folder, _FOLDER)
        self._generation = 0
        self._env: Dict[str, str] = {}
        self._scratch = Scratch("%s-%s" % (seat.seats(token, 0), config.node.replace("/", "-")))
        self._mpirun: Optional[Child] = None
        self._daemons: Dict[int, Child] = {}
        self._early: List[Mapping[str, Any]] = []
        self._ending = self._hushed = False
        self._kill: Optional[Timer] = None
        self._doubt: Optional[Timer] = None

    def seat(self, generation: int, rank: int) -> socket.socket:
        """Where this rank will wait. Errors: OSError."""
        return seat.open_seat(seat.seats(self._token, generation), rank)

    def prepare(self, topology: Topology, env: Dict[str, str]) -> None:
        """Before this node's ranks start. env: what mpirun and its daemon inherit. Errors: OSError
        where the node's folder cannot be written, or no folder for what its ranks share, or where
        MPI would number the ranks otherwise."""
        self._ending = self._hushed = False
        os.makedirs(self._folder, exist_ok=True)
        names = seat.seats(self._token, topology.generation)
        self._scratch.make()
        self._generation, self._env = topology.generation, dict(env, **self._scratch.of_mpirun())
        self._write_program(PROGRAM, "stand_in", names)
        self._write_program(REMOTE, "remote", '"$@"')  # Open MPI's daemons look whether it is there
        self._write_told(topology)

    def variables(self) -> Dict[str, str]:
        """What its ranks are told, unless they were told so already."""
        return self._scratch.of_ranks()

    def begin(self, node_rank: int) -> None:
        """They have started. Errors: OSError where mpirun can't be."""
        if node_rank == 0:
            child = Child(self._loop, self._said)
            child.start([sys.executable, "-I", "-S", "-c", _boot("mpirun"), self._told], self._env)
            self._mpirun = child
        early, self._early = self._early, []
        for message in early:
            self.launch(message)

    def launch(self, message: Mapping[str, Any]) -> None:
        """What the coordinator wants run here, now or once its generation has begun."""
        generation = int(message["generation"])
        if generation > self._generation:
            self._early.append(message)
            return
        if generation < self._generation or self._ending:
            self._launched(message["id"], LOST, "rankzero: that generation is over\n")
            return
        child = Child(self._loop)
        try:
            child.start(["/bin/sh", "-c", str(message["command"])], self._env)
        except OSError as error:
            self._launched(message["id"], LOST, "rankzero: /bin/sh: %s\n" % error.strerror)
            return
        self._daemons[message["id"]] = child

    def pids(self) -> List[int]:
        return [child.pid for child in self._children()]

    def ended(self, pid: int, code: int) -> None:
        """A child of this agent was reaped; it may be one of these."""
        if self._mpirun is not None and self._mpirun.pid == pid:
            said, self._mpirun = self._mpirun.ended(), None
            if not self._hushed:
                self._mpirun_ended(code, said)
            return
        for number, child in list(self._daemons.items()):
            if child.pid == pid:
                del self._daemons[number]
                # As a shell has it: 128 and the signal's number.
                self._launched(number, code if code >= 0 else 128 - code, child.ended())

    def done(self, rank: int) -> None:
        """A rank of this node has ended well."""
        seat.let_go(seat.seats(self._token, self._generation), rank)

    def abort(self, tail: bytes) -> Dict[str, Any]:
        """What a rank's last words tell of its failure: `aborted` where it has ended its world,
        with the call. Those that die of it may be reaped before, and its end looks like theirs."""
        found = _ABORT.search(tail)
        if found is None:
            return {}
        return {"aborted": found.group(1).decode("ascii", "replace"), "leads": True}

    def followed(self, code: int, tail: bytes) -> bool:
        """Whether a rank has ended because something else of its world had."""
        return code == _LOST_CONNECTION or (code > 0 and _FOLLOWS.search(tail) is not None)

    def hush(self) -> None:
        """The ranks are told to end: what mpirun says of that, and that it ends, is no news."""
        self._hushed = True

    def end(self) -> bool:
        """Let mpirun and its daemon go, now that no rank needs them; whether they are gone."""
        if not self._ending:
            self._ending = self._hushed = True
            if self._doubt is not None:
                self._doubt.cancel()
            self._signal(signal.SIGTERM)
            self._kill = self._loop.after(GRACE, lambda: self._signal(signal.SIGKILL))
        if self._children():
            return False
        if self._kill is not None:
            self._kill.cancel()
        self._scratch.remove()
        return True

    # -- inside

    def _children(self) -> List[Child]:
        first = [] if self._mpirun is None else [self._mpirun]
        return [*first, *self._daemons.values()]

    def _signal(self, number: int) -> None:
        for child in self._children():
            child.signal(number)

    def _launched(self, number: int, code: int, text: str) -> None:
        self._on_launched({"type": "launched", "id": number, "code": code, "text": text})

    def _mpirun_ended(self, code: int, said: str) -> None:
        missing = self._missing()
        if missing:
            self._on_unable(missing)
            return
        if code == 0:  # all ranks have ended well, here and elsewhere
            return
        why = ended_how(code) + _in_words(said)
        if code < 0:  # nobody's code: ranks end by themselves where it is gone
            self._broken(why)
            return
        self._doubt = self._loop.after(BENEFIT, lambda: self._broken(why))

    def _missing(self) -> str:
        """Why there is no mpirun; empty where there is one."""
        try:
            with open(os.path.join(self._folder, MISSING), encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""

    def _broken(self, why: str) -> None:
        if not self._hushed:
            self._on_broken(why)

    def _said(self, block: bytes) -> None:
        if not self._hushed:
            self._on_output(block)

    @property
    def _told(self) -> str:
        return os.path.join(self._folder, "wiring.json")

    def _write_told(self, topology: Topology) -> None:
        config = self._config
        hosts, nodes = _hosts(topology)
        with open(self._told, "w", encoding="utf-8") as file:
            data = {
                "mpirun": list(config.mpirun),
                "python": config.python or sys.executable,
                "workdir": config.workdir,
                "coordinator": config.coordinator,
                "token_file": config.token_file,
                "generation": topology.generation,
                "hosts": [list(one) for one in hosts],
                "nodes": nodes,
            }
            json.dump(data, file)

    def _write_program(self, name: str, module: str, argument: str) -> None:
        """A program that mpirun can be told by its path alone. It is the same path on every node,
        while the interpreter's may not be."""
        path = os.path.join(self._folder, name)
        line = "exec %s -I -S -c %s %s" % (*map(_quoted, (sys.executable, _boot(module))), argument)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n%s\n" % line)
        os.chmod(path, 0o700)


def _hosts(topology: Topology) -> Tuple[List[Tuple[str, int]], Dict[str, str]]:
    """Each address with how many ranks are there, in the order of the ranks, and the node there.
    Nodes that share a machine are one host of MPI, which counts its ranks host by host.

    Errors: OSError where they do not follow each other, as pods on a machine's own network may.
    """
    hosts: List[Tuple[str, int]] = []
    nodes: Dict[str, str] = {}
    for address, group in itertools.groupby(topology.nodes, lambda node: node.address):
        here = list(group)
        name = "%s/%d" % (here[0].role, here[0].index)
        if address in nodes:
            why = "%s and %s share it, and nodes elsewhere come between them"
            where = "no world of MPI on %s" % address
            raise OSError(errno.EINVAL, why % (nodes[address], name), where)
        hosts.append((address, sum(node.nproc for node in here)))
        nodes[address] = name
    return hosts, nodes


def _boot(module: str) -> str:
    return _BOOT.format(root=root(), module=module)


def _quoted(word: str) -> str:
    return "'%s'" % word.replace("'", "'\"'\"'")


def _in_words(said: str) -> str:
    """Of what it has printed, what tells: without rules, and without empty lines."""
    lines = [line.strip() for line in said.splitlines()]
    telling = [line for line in lines if line.strip("-=* ")]
    return ": " + _shortened(" ".join(telling[:6])) if telling else ""


def _shortened(text: str) -> str:
    """To the sentences that fit; the whole stands among rank 0's lines."""
    if len(text) <= _LONGEST:
        return text
    end = text.rfind(". ", 0, _LONGEST)
    return text[: end + 1] if end > 0 else text[:_LONGEST] + "..."
