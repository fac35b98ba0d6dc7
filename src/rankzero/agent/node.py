"""A node's agent: carries out what `duty` decides."""

import os
import signal
import socket
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Tuple

from rankzero.agent import birth, duty, ports, probe, testament, usage
from rankzero.agent import events as ev
from rankzero.agent.answers import Answers
from rankzero.agent.config import BEATS_MISSED, AgentConfig
from rankzero.agent.echo import Echo
from rankzero.agent.environment import foreseen
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import Dropped, LogWriter
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.owned import make_outputs
from rankzero.agent.rank import RankProcess
from rankzero.agent.ranks import Ranks
from rankzero.agent.reports import Reports
from rankzero.agent.roster import RosterFile
from rankzero.agent.seclusion import Seclusion
from rankzero.agent.spares import Spares
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.dial import dial
from rankzero.agent.wire.seal import Handshake
from rankzero.contracts.topology import Node, Topology

if TYPE_CHECKING:
    from rankzero.agent.keeper import Keeper
    from rankzero.agent.mpi.wiring import Wiring

#: Each pause before the next try is a quarter longer: whoever waited t seconds for a coordinator
#: that is not there yet waits t / 4 too long at most, and in ten seconds it is asked 17 times.
_FIRST_RETRY, _GROWTH, _LAST_RETRY = 0.05, 1.25, 2.0
#: What is left of the group's memory beside ranks that come down, for each spare (bytes): PyTorch
#: takes half of it.
SPARE_MEMORY = 512 << 20
#: Between two events about lines that log_keep took (seconds).
_DROPPED_EVERY = 5.0


class NodeAgent:
    """One per agent process. `on_leave(code)` is called once, at the end."""

    def __init__(
        self,
        loop: Loop,
        config: AgentConfig,
        token: bytes,
        on_leave: Callable[[int], None],
        echo: Optional[Echo] = None,
    ) -> None:
        self._loop, self._config, self._token = loop, config, token
        self._on_leave = on_leave
        self._incarnation = birth.incarnation(loop.now())
        limits = config.limits
        self._state = duty.State(limits.coordinator_wait, limits.grace, cut=loop.now())
        self._nproc = birth.nproc(config)
        self._claims: List[ports.Claim] = []
        self._named: List[ports.Claim] = []
        self._connection: Optional[Connection] = None
        self._retry = _FIRST_RETRY
        self._tick: Optional[Timer] = None
        self._heard = loop.now()
        self._address = "127.0.0.1"
        logs = os.path.join(config.folder, "logs")
        self._logs = LogWriter(logs, limits.log_keep, dropped=self._dropped)
        self._echo = echo
        reader = LogReader(logs)
        if echo is not None:
            echo.begin(reader.book())
        self._answers = Answers(loop, reader, self._tell)
        self._reports = Reports(loop, self._report, self._first_step)
        self._spares = Spares(loop, config)
        self._wiring = self._make_wiring()
        self._ranks = Ranks(
            loop,
            config,
            self._spares,
            self._wiring,
            on_output=self._output,
            on_report=lambda rank, line: self._reports.take(rank.rank.rank, line),
            on_exit=self._rank_exited,
            on_leftovers=self._leftovers,
            on_replaced=lambda rank: self._roster.moved(rank.rank.rank, rank.pid),
            on_down=self._all_down,
        )
        self._roster = RosterFile(config.folder)
        self._broken_disk = False
        self._keeper = self._make_keeper()
        self._gauge = usage.Gauge(usage.Group())
        self._seclusion = Seclusion(config, loop.now())
        self._lost: Dict[int, Tuple[int, int]] = {}

    def start(self) -> None:
        """Check what this node must have, then dial the coordinator."""
        self._schedule()
        fault = make_outputs(self._config, self._token)
        if fault is not None:
            self.unable(fault)
        if self._keeper is not None:
            self._keeper.start()
        self._loop.on_signal(signal.SIGTERM, lambda: self.feed(duty.Terminate("asked to leave")))
        self._claim()
        self._keep_spares()
        if probe.needed(self._config):
            try:
                probe.ask(self._loop, self._config, self._probed)
                return
            except OSError as error:
                self.unable("%s: %s" % (self._config.python, error.strerror))
        self._dial()

    def feed(self, event: duty.Event) -> None:
        self._state, actions = duty.step(self._state, event, self._loop.now())
        for action in actions:
            self._carry_out(action)
        self._keep_spares()
        self._schedule()

    def unable(self, message: str) -> None:
        """This node cannot run the job; no restart would help."""
        failure = {
            "kind": "refused",
            "node": self._config.node,
            "rank": None,
            "time": self._loop.now(),
            "message": message,
        }
        self.feed(duty.Unable(failure))

    def orphaned(self) -> None:
        """Our parent is gone: nobody would end us any more, so end now, and all ranks with us."""
        self.feed(duty.Orphaned())

    def _make_keeper(self) -> "Optional[Keeper]":
        if self._config.log_folder is None:
            return None
        from rankzero.agent.keeper import Keeper  # with threads, which others start without

        def notice(text: str) -> bool:
            self._note(ev.NOTICE, node=self._config.node, text=text)
            return self._connection is not None and self._connection.ready

        made = self._config, self._token, self._incarnation
        return Keeper(self._loop, *made, on_notice=notice, on_refused=self.unable)

    def _make_wiring(self) -> "Optional[Wiring]":
        if not self._config.mpirun:
            return None
        from rankzero.agent.mpi import MPIRUN
        from rankzero.agent.mpi.wiring import Wiring  # which other frameworks have no use for

        def said(block: bytes) -> None:
            first = self._ranks.first()
            if first is not None:
                self._output(first, block)

        return Wiring(
            self._loop,
            self._config,
            self._token,
            on_output=said,
            on_broken=lambda why: self._ranks.condemn(MPIRUN, why),
            on_unable=self.unable,
            on_launched=self._tell,
        )

    # -- carrying out

    def _carry_out(self, action: duty.Action) -> None:
        if isinstance(action, duty.Tell):
            self._tell(self._complete(action.message))
        elif isinstance(action, duty.Start):
            self._start_ranks(Topology.from_json(action.topology), action.node_rank)
        elif isinstance(action, duty.StopRanks):
            self._ranks.stop(action.grace)
        else:
            self._leave(action.code)

    def _complete(self, message: Dict[str, Any]) -> Dict[str, Any]:
        """A hello also says who and where we are, which never was a decision."""
        if message["type"] != "hello":
            return message
        node = self._node()
        message.update(
            key=self._config.node,
            incarnation=self._incarnation,
            node=dict(node._asdict(), named_ports=dict(node.named_ports)),
            pid=os.getpid(),
        )
        return message

    def _node(self) -> Node:
        config = self._config
        return Node(
            role=config.role,
            index=config.index,
            address=self._address,
            nproc=self._nproc,
            ports=self._ports(),
            named_ports={name: claim.port for name, claim in zip(config.ports, self._named)},
            devices=config.devices,
            cpus=birth.cpus(config.cpus),
        )

    def _keep_spares(self) -> None:
        """While ranks are expected, and no longer."""
        if not duty.expects_ranks(self._state):
            self._spares.end()
        elif self._state.phase == "idle" or self._gauge.room(self._nproc * SPARE_MEMORY):
            self._spares.expect(lambda: foreseen(self._config, self._node()))

    def _start_ranks(self, topology: Topology, node_rank: int) -> None:
        if node_rank == 0 and topology.settings.port and not _free(topology.settings.port):
            self.unable(
                "port %d, which the job fixes for rank 0, is in use on %s"
                % (topology.settings.port, topology.nodes[0].address)
            )
            return
        for claim in [*self._claims, *self._named]:
            claim.release()
        self._gauge.mark()
        try:
            self._ranks.start(topology, node_rank)
        except OSError as error:
            what = error.filename or self._config.python
            self.unable("%s: %s" % (what, error.strerror or error))
            return
        self._roster.begin(topology, node_rank, self._ranks.pids())
        self.feed(duty.Started(topology.generation))

    def _leave(self, code: int) -> None:
        for claim in [*self._claims, *self._named]:
            claim.close()
        self._logs.close()
        missing = self._keeper.finish() if self._keeper is not None else None
        if missing is not None and self._echo is not None:
            self._echo.event("the log volume lacks this node's last lines: %s" % missing)
        if self._config.termination_file is not None and self._state.outcome is not None:
            testament.write(self._config.termination_file, self._state.outcome)
        if self._echo is not None:
            self._echo.close()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.on_close = lambda reason: None
            connection.close()
        self._on_leave(code)

    def _schedule(self) -> None:
        when = duty.deadline(self._state)
        if self._tick is not None:
            self._tick.cancel()
        self._tick = None if when is None else self._loop.at(when, lambda: self.feed(duty.Tick()))

    # -- ports

    def _claim(self) -> None:
        """Ports for the next generation, and the user's own, held until its ranks bind them."""
        for claim in [*self._claims, *self._named]:
            claim.close()
        self._named = []
        try:
            self._claims = ports.claim(self._nproc + 1)
            for name, port in birth.named_ports(self._config).items():
                held = ports.try_claim(port) if port else ports.claim(1)[0]
                if held is None:
                    self.unable("port %d (%s) is in use on this node" % (port, name))
                    return
                self._named.append(held)
        except OSError as error:
            self.unable(str(error))

    def _ports(self) -> Tuple[int, ...]:
        return tuple(claim.port for claim in self._claims)

    # -- the coordinator

    def _dial(self) -> None:
        if self._state.phase != "left":
            dial(self._loop, self._config.coordinator, self._dialled, self._not_dialled)

    def _dialled(self, sock: socket.socket) -> None:
        if self._state.phase == "left":
            sock.close()
            return
        self._address = birth.address(self._config, sock)
        self._connection = Connection(
            self._loop,
            sock,
            Handshake(self._token, "node"),
            dials=True,
            on_ready=self._connected,
            on_message=self._message,
            on_close=self._disconnected,
        )

    def _not_dialled(self, reason: str) -> None:
        words = self._seclusion.complaint(reason, self._loop.now())
        if words is not None and self._echo is not None:
            self._echo.event(words)
        self._loop.after(self._retry, self._dial)
        self._retry = min(_GROWTH * self._retry, _LAST_RETRY)

    def _connected(self) -> None:
        self._retry = _FIRST_RETRY
        self._heard = self._loop.now()
        self._seclusion.over()
        self._state = self._state._replace(ports=self._ports())
        self.feed(duty.Connected())
        assert self._connection is not None
        self._beat(self._connection)
        if self._keeper is not None:
            self._keeper.heard()

    def _disconnected(self, reason: str) -> None:
        self._connection = None
        self._answers.forget_all()
        self.feed(duty.Disconnected())
        self._not_dialled(reason)

    def _message(self, message: Dict[str, Any]) -> None:
        self._heard = self._loop.now()
        kind = message["type"]
        if kind == "log":
            self._answers.ask(message)
        elif kind == "forget":
            self._answers.forget(message["id"])
        elif kind == "launch" and self._wiring is not None:
            self._wiring.launch(message)
        elif kind != "beat":
            self.feed(duty.Told(message))

    def _tell(self, message: Mapping[str, Any]) -> None:
        if self._connection is not None:
            self._connection.send(message)

    def _beat(self, connection: Connection) -> None:
        """One sign of life, and the next one after it, as long as this connection lasts."""
        if connection is not self._connection or not connection.ready:
            return
        heartbeat = self._config.limits.heartbeat
        if self._loop.now() - self._heard > BEATS_MISSED * heartbeat:
            connection.close("the coordinator is silent")
            return
        connection.send({"type": "beat", "usage": self._usage()})
        self._loop.after(heartbeat, lambda: self._beat(connection))

    def _usage(self) -> Dict[str, Any]:
        """Of a pod, which has a control group of its own; a peak that nobody could tell after the
        agent's death goes into the history."""
        if self._config.termination_file is None:
            return {}
        said = self._gauge.read(self._loop.now())
        if self._gauge.news(said):
            memory = {name: value for name, value in said.items() if name != "cpu"}
            self._note(ev.USAGE, node=self._config.node, **memory)
        return said

    def _note(self, kind: str, **data: Any) -> None:
        self._tell({"type": "event", "kind": kind, "data": data})

    # -- the ranks

    def _probed(self, verdict: Optional[str]) -> None:
        if verdict is not None:
            self.unable(verdict)
        self._dial()

    def _output(self, rank: RankProcess, block: bytes) -> None:
        number, now = rank.rank.rank, self._loop.now()
        if self._echo is not None:
            self._echo.write(number, rank.generation, self._logs.end_of(number), block)
        if not self._broken_disk:
            try:
                self._logs.append(number, rank.generation, block, now)
            except OSError as error:
                self._broken_disk = True
                self.unable("cannot write the log of rank %d: %s" % (number, error.strerror))
        self._wrote()

    def _wrote(self) -> None:
        self._answers.wrote()
        if self._keeper is not None:
            self._keeper.wrote()

    def _rank_exited(self, rank: RankProcess, failure: Optional[Dict[str, Any]]) -> None:
        assert rank.code is not None
        if failure is not None and rank.code == -signal.SIGKILL:
            failure.update(self._gauge.starved(self._loop.now()))
        try:
            self._logs.end(rank.rank.rank, self._loop.now())
        except OSError:
            self._broken_disk = True
        if self._echo is not None:
            self._echo.end(rank.rank.rank)
        self._roster.exited(rank.rank.rank, rank.code)
        self._reports.flush()
        self._tell_dropped()
        self._wrote()
        event = duty.RankExited(rank.generation, rank.rank.local_rank, rank.code, failure)
        self.feed(event)

    def _all_down(self) -> None:
        self._roster.clear()
        self._claim()
        self.feed(duty.AllDown(self._state.generation, self._ports()))

    def _leftovers(self, rank: RankProcess, count: int) -> None:
        self._note(ev.LEFTOVERS, rank=rank.rank.rank, processes=count)

    def _report(self, rank: int, values: Dict[str, Any]) -> None:
        self._note(ev.REPORT, rank=rank, values=values)

    def _first_step(self, rank: int, when: float) -> None:
        self._note(ev.FIRST_STEP, rank=rank, generation=self._state.generation, at=when)

    def _dropped(self, dropped: Dropped) -> None:
        """Told once in a while and in sum: a flood drops many segments a second."""
        if not self._lost:
            self._loop.after(_DROPPED_EVERY, self._tell_dropped)
        size, lines = self._lost.get(dropped.rank, (0, 0))
        self._lost[dropped.rank] = (size + dropped.bytes, lines + dropped.lines)

    def _tell_dropped(self) -> None:
        lost, self._lost = self._lost, {}
        for rank, (size, lines) in lost.items():
            node = self._config.node
            self._note(ev.LOG_DROPPED, node=node, rank=rank, bytes=size, lines=lines)


def _free(port: int) -> bool:
    claim = ports.try_claim(port)
    if claim is not None:
        claim.close()
    return claim is not None
