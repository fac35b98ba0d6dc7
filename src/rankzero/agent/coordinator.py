"""The coordinator: carries out what `membership` decides. It lives in the first node's agent."""

from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional

from rankzero.agent import events as ev
from rankzero.agent import membership as m
from rankzero.agent.chronicle import Chronicle
from rankzero.agent.config import AgentConfig
from rankzero.agent.echo import Echo
from rankzero.agent.history import using
from rankzero.agent.loop import Loop, Timer
from rankzero.agent.mpi import PURPOSE as REMOTE
from rankzero.agent.viewers import Viewer, Viewers
from rankzero.agent.wire.connection import Connection
from rankzero.agent.wire.dial import listen
from rankzero.agent.wire.door import Door, Guest
from rankzero.contracts.topology import node_from_json

if TYPE_CHECKING:
    from rankzero.agent.healing.healer import Healer
    from rankzero.agent.mpi.relay import Relay


class Peer:
    """A connection that has proved itself, and what it turned out to be."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.key: Optional[str] = None
        self.incarnation: Optional[str] = None
        self.viewer: Optional[Viewer] = None


class Coordinator:
    """Listens for nodes and viewers, and keeps the run's history."""

    def __init__(
        self, loop: Loop, config: AgentConfig, token: bytes, echo: Optional[Echo] = None
    ) -> None:
        self._loop, self._config, self._token = loop, config, token
        self._echo = echo
        self._healer = self._hired()
        self._chronicle = Chronicle(config.events_file, self._happened)
        self._viewers = Viewers(
            self._chronicle.since, self._told, self._ask_node, self._stop, self._release
        )
        self._relay = self._make_relay()
        if echo is not None:
            for event in self._chronicle.events:
                echo.event(ev.to_line(event))
        history = self._chronicle.history()
        self._state = m.resume(config, history, loop.now())
        self._first_steps = {history.generation} if history.first_step else set()
        self._nodes: Dict[str, Peer] = {}
        self._tick: Optional[Timer] = None
        assert config.listen is not None
        self._door = Door(loop, listen(config.listen), token, self._enter)

    def start(self) -> None:
        self._door.open()
        self.feed(m.Tick())

    def close(self, done: Callable[[], None]) -> None:
        """Send what is queued, within two seconds, then call `done`."""
        self._door.shut()
        overdue = self._loop.now() + 2.0

        def flushed() -> None:
            peers = [peer.connection for peer in self._nodes.values()]
            unsent = self._viewers.unsent + sum(connection.unsent for connection in peers)
            if unsent and self._loop.now() < overdue:
                self._loop.after(0.01, flushed)
            else:
                self._chronicle.close()
                done()

        flushed()

    def feed(self, event: m.Event) -> None:
        now = self._loop.now()
        self._state, actions = m.step(self._state, event, now)
        for action in actions:
            if isinstance(action, m.Emit):
                self._chronicle.add(now, action.kind, action.data)
            elif isinstance(action, m.Cut):
                self._cut(action)
            else:
                self._send(action)
        self._schedule()

    def _schedule(self) -> None:
        when = m.deadline(self._state)
        if self._tick is not None:
            self._tick.cancel()
        self._tick = None if when is None else self._loop.at(when, lambda: self.feed(m.Tick()))

    def _send(self, action: m.Send) -> None:
        peer = self._nodes.get(action.key)
        if peer is not None and peer.incarnation == action.incarnation:
            peer.connection.send(action.message)

    def _cut(self, action: m.Cut) -> None:
        peer = self._nodes.get(action.key)
        if peer is not None and peer.incarnation == action.incarnation:
            peer.connection.close(action.reason)
        if action.key not in self._nodes:
            self._viewers.node_gone(action.key)
            if self._relay is not None:
                self._relay.node_gone(action.key)

    def _happened(self, event: ev.Event) -> None:
        if self._echo is not None:
            self._echo.event(ev.to_line(event))
        self._viewers.event()
        if self._healer is not None:
            self._healer.happened(event)

    def _hired(self) -> "Optional[Healer]":
        """Who takes nodes from dead machines, where the run may do so itself."""
        if self._config.account is None:
            return None
        from rankzero.agent.healing.healer import Healer  # with TLS, which few runs need

        return Healer(self._loop, self._config, self._remark)

    def _make_relay(self) -> "Optional[Relay]":
        """What an mpirun asks nodes through, of a job of MPI."""
        if not self._config.mpirun:
            return None
        from rankzero.agent.mpi.relay import Relay  # which other jobs have no use for

        return Relay(self._ask_node)

    def _remark(self, text: str) -> None:
        data = {"node": self._config.node, "text": text}
        self._chronicle.add(self._loop.now(), ev.NOTICE, data)

    def _watched(self) -> None:
        self.feed(m.Watched(len(self._viewers) > 0))

    # -- connections

    def _enter(self, connection: Connection) -> Guest:
        relay = self._relay
        if connection.handshake.purpose == REMOTE and relay is not None:
            return Guest(
                lambda message: relay.message(connection, message),
                lambda: relay.left(connection),
            )
        peer = Peer(connection)
        if connection.handshake.purpose == "viewer":
            peer.viewer = self._viewers.add(connection)
            self._watched()
        return Guest(lambda message: self._message(peer, message), lambda: self._closed(peer))

    def _closed(self, peer: Peer) -> None:
        if peer.viewer is not None:
            self._viewers.remove(peer.viewer)
            self._watched()
        if peer.key is not None and self._nodes.get(peer.key) is peer:
            del self._nodes[peer.key]
            assert peer.incarnation is not None
            self.feed(m.Gone(peer.key, peer.incarnation))

    # -- messages

    def _message(self, peer: Peer, message: Dict[str, Any]) -> None:
        if peer.viewer is not None:
            self._viewers.message(peer.viewer, message)
        elif message["type"] == "hello":
            self._hello(peer, message)
        elif peer.key is not None and peer.incarnation is not None:
            self._node_message(peer, peer.key, peer.incarnation, message)

    def _hello(self, peer: Peer, message: Mapping[str, Any]) -> None:
        key, incarnation = str(message["key"]), str(message["incarnation"])
        before = self._nodes.get(key)
        if before is not None and before.incarnation is not None:
            if before.incarnation > incarnation:
                peer.connection.send({"type": "fenced"})
                return
            del self._nodes[key]
            if before.incarnation < incarnation:
                before.connection.send({"type": "fenced"})
            else:
                before.connection.close("its agent has dialled again")
        peer.key, peer.incarnation = key, incarnation
        self._nodes[key] = peer
        self.feed(
            m.Hello(
                key,
                incarnation,
                node_from_json(message["node"]),
                generation=int(message["generation"]),
                restarts=int(message["restarts"]),
                phase=str(message["phase"]),
                exits={int(rank): int(code) for rank, code in message["exits"].items()},
                failures=tuple(message["failures"]),
                outcome=message["outcome"],
                unable=message.get("unable"),
                pid=message.get("pid"),
                barred=int(message.get("barred", 0)),
            )
        )
        self._viewers.node_here(key)

    def _node_message(
        self, peer: Peer, key: str, incarnation: str, message: Mapping[str, Any]
    ) -> None:
        kind = message["type"]
        if kind == "log":
            self._viewers.answered(key, message)
        elif kind == "launched" and self._relay is not None:
            self._relay.answered(key, message)
        elif kind == "event":
            self._note(message)
        elif kind == "beat":
            peer.connection.send({"type": "beat"})
            usage = message.get("usage")
            self.feed(m.Beat(key, incarnation, usage if isinstance(usage, dict) else {}))
        else:
            event = _event(key, incarnation, message)
            if event is not None:
                self.feed(event)

    def _note(self, message: Mapping[str, Any]) -> None:
        """What a node has to add to the history without any decision depending on it."""
        kind, data = str(message["kind"]), dict(message["data"])
        if kind == ev.FIRST_STEP:
            if data["generation"] in self._first_steps:
                return
            self._first_steps.add(data["generation"])
        self._chronicle.add(self._loop.now(), kind, data)

    def _ask_node(self, node: str, message: Mapping[str, Any]) -> bool:
        peer = self._nodes.get(node)
        if peer is None:
            return False
        peer.connection.send(message)
        return True

    def _release(self) -> None:
        self.feed(m.Released())

    def _told(self) -> Dict[str, Any]:
        """The history, with what each node uses, as its last heartbeat said."""
        members = self._state.members.values()
        usage = {member.key: dict(member.usage) for member in members if member.usage}
        return using(self._chronicle.history(), usage).to_json()

    def _stop(self, by: str, grace: Optional[float]) -> None:
        self.feed(m.StopRun(by, grace))


def _event(key: str, incarnation: str, message: Mapping[str, Any]) -> Optional[m.Event]:
    """A node's message as the machine takes it; None for a kind from a newer agent."""
    kind = message["type"]
    if kind == "running":
        return m.Running(key, incarnation, int(message["generation"]))
    if kind == "exited":
        return m.Exited(
            key,
            incarnation,
            int(message["generation"]),
            int(message["rank"]),
            int(message["code"]),
            message["failure"],
        )
    if kind == "stopped":
        generation = int(message["generation"])
        return m.Stopped(key, incarnation, generation, tuple(message["ports"]))
    if kind == "refused":
        return m.Refused(key, incarnation, message["failure"])
    if kind == "bye":
        return m.Bye(key, incarnation, str(message["reason"]))
    if kind == "ack":
        return m.Acked(key, incarnation)
    return None
