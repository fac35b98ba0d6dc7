"""An agent and a coordinator: they carry out what the real machines decide, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.agent import duty, exits
from rankzero.agent import events as ev
from rankzero.agent import membership as m
from rankzero.agent.config import AgentConfig
from rankzero.agent.coordinator import _event as node_event
from rankzero.agent.history import fold
from rankzero.contracts.topology import Node, Rank, Topology, node_from_json

from .network import DOWN, UP, Link, Network
from .ranks import Script, SimRanks
from .world import Timer, World

if TYPE_CHECKING:
    from .checks import Checks

MembershipStep = Callable[[m.State, m.Event, float], "tuple[m.State, list[m.Action]]"]
DutyStep = Callable[[duty.State, duty.Event, float], "tuple[duty.State, list[duty.Action]]"]
BEATS_MISSED = 5


class Process:
    """What an agent's process is to both its duties: alive, and now and then held up."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.alive = True
        self.held_until = 0.0

    def when_awake(self, call: Callable[[], None]) -> None:
        if self.alive and self.world.now < self.held_until:
            self.world.at(self.held_until, lambda: self.when_awake(call))
        elif self.alive:
            call()

    def later(self, delay: float, call: Callable[[], None]) -> Timer:
        return self.world.after(delay, lambda: self.when_awake(call))

    def at(self, when: float, call: Callable[[], None]) -> Timer:
        return self.world.at(when, lambda: self.when_awake(call))


class SimCoordinator:
    """As `agent/coordinator.py`. history: the events, on a disk that outlives it or not."""

    def __init__(
        self,
        process: Process,
        config: AgentConfig,
        history: list[ev.Event],
        checks: Checks,
        step: MembershipStep,
    ) -> None:
        self._process, self.world, self.checks = process, process.world, checks
        self.history, self._step = history, step
        self.state = m.resume(config, fold(history), self.world.now)
        self.peers: dict[str, Link] = {}
        self.crash_after: int | None = None
        self.on_crash: Callable[[], None] = lambda: None
        self._tick: Timer | None = None

    def feed(self, event: m.Event) -> None:
        self.state, actions = self._step(self.state, event, self.world.now)
        for done, action in enumerate(actions):
            if self.crash_after is not None and done >= self.crash_after:
                self.on_crash()
            if not self._process.alive:
                return
            self._carry_out(action)
        self.checks.after_coordinator(self)
        when = m.deadline(self.state)
        if self._tick is not None:
            self._tick.cancel()
        self._tick = when and self._process.at(when, lambda: self.feed(m.Tick()))

    def _carry_out(self, action: m.Action) -> None:
        if isinstance(action, m.Emit):
            self.world.say(f"history   {action.kind} {dict(action.data)}")
            event = ev.Event(len(self.history) + 1, self.world.now, action.kind, action.data)
            self.checks.emitted(self, event)
            self.history.append(event)
            return
        link = self.peers.get(action.key)
        if link is None or link.agent.incarnation != action.incarnation:
            return
        if isinstance(action, m.Cut):
            self._close(link)
        else:
            self.tell(link, action.message)

    def tell(self, link: Link, message: Mapping[str, Any]) -> None:
        if link.open[UP]:
            if message["type"] != "beat":
                self.world.say(f"-> {link.agent.incarnation} {_brief(message)}")
            self.checks.told(self, link.agent, message)
            link.send(DOWN, message)

    # -- connections

    def _close(self, link: Link) -> None:
        link.close(UP)
        self._gone(link)

    def _gone(self, link: Link) -> None:
        if link.key is not None and self.peers.get(link.key) is link:
            del self.peers[link.key]
            self.feed(m.Gone(link.key, link.agent.incarnation))

    def closed(self, link: Link) -> None:
        self._process.when_awake(lambda: self._gone(link))

    def hear(self, link: Link, message: Mapping[str, Any]) -> None:
        self._process.when_awake(lambda: self._message(link, message))

    def _message(self, link: Link, message: Mapping[str, Any]) -> None:
        if not link.open[UP]:
            return
        kind = message["type"]
        if kind == "hello":
            self._hello(link, message)
        elif link.key is None:
            return
        elif kind == "beat":
            self.tell(link, {"type": "beat"})
            self.feed(m.Beat(link.key, link.agent.incarnation))
        else:
            event = node_event(link.key, link.agent.incarnation, message)
            assert event is not None
            self.feed(event)

    def _hello(self, link: Link, message: Mapping[str, Any]) -> None:
        key, incarnation = message["key"], message["incarnation"]
        before = self.peers.get(key)
        if before is not None:
            if before.agent.incarnation > incarnation:
                self.tell(link, {"type": "fenced"})
                return
            del self.peers[key]
            if before.agent.incarnation < incarnation:
                self.tell(before, {"type": "fenced"})
            else:
                self._close(before)
        link.key, link.hello_at = key, self.world.now
        self.peers[key] = link
        self.feed(
            m.Hello(
                key,
                incarnation,
                node_from_json(message["node"]),
                generation=message["generation"],
                restarts=message["restarts"],
                phase=message["phase"],
                exits={int(rank): code for rank, code in message["exits"].items()},
                failures=tuple(message["failures"]),
                outcome=message["outcome"],
                unable=message["unable"],
            )
        )


class SimAgent(Process):
    """As `agent/node.py`. `reach` finds the coordinator that listens now, or None."""

    def __init__(
        self,
        network: Network,
        config: AgentConfig,
        incarnation: str,
        checks: Checks,
        step: DutyStep,
        reach: Callable[[], SimCoordinator | None],
        scripts: Callable[[Topology, Rank], Script],
        on_end: Callable[[SimAgent, int | None], None],
    ) -> None:
        super().__init__(network.world)
        self.network, self.config, self.checks, self._step = network, config, checks, step
        self.key, self.incarnation = config.node, incarnation
        self.reach, self.scripts, self._on_end = reach, scripts, on_end
        self.coordinator: SimCoordinator | None = None
        limits = config.limits
        self.state = duty.State(limits.coordinator_wait, limits.grace, cut=self.world.now)
        self.ranks = SimRanks(self)
        self.link: Link | None = None
        self.code: int | None = None
        self._heard, self._retry = self.world.now, 0.05
        self._tick: Timer | None = None
        self._ports = 0

    def feed(self, event: duty.Event) -> None:
        if not self.alive:
            return
        self.state, actions = self._step(self.state, event, self.world.now)
        for action in actions:
            self._carry_out(action)
        when = duty.deadline(self.state) if self.alive else None
        if self._tick is not None:
            self._tick.cancel()
        self._tick = None if when is None else self.at(when, lambda: self.feed(duty.Tick()))

    def _carry_out(self, action: duty.Action) -> None:
        if isinstance(action, duty.Tell):
            self._tell(self._complete(action.message))
        elif isinstance(action, duty.Start):
            topology = Topology.from_json(action.topology)
            self.world.say(f"{self.incarnation} starts generation {topology.generation}")
            self.checks.starting(self, topology, action.node_rank)
            self.ranks.start(topology, action.node_rank)
            self.feed(duty.Started(topology.generation))
        elif isinstance(action, duty.StopRanks):
            self.ranks.stop(action.grace)
        else:
            self.die(action.code)

    def die(self, code: int | None, silently: bool = False) -> None:
        """The process ends: by itself with a code, or killed with None. A host that fails takes
        its connection's goodbye with it."""
        if not self.alive:
            return
        self.alive, self.code = False, code
        self.world.say(f"{self.incarnation} ends, code {code}{' in silence' * silently}")
        self.ranks.die()
        if silently:
            self.network.block(self, UP)
            self.network.block(self, DOWN)
        elif self.link is not None:
            self.link.close(DOWN)
        if self.coordinator is not None:
            for link in list(self.coordinator.peers.values()):
                link.close(UP)
        self._on_end(self, code)

    # -- ranks

    def rank_exited(
        self, generation: int, local_rank: int, code: int, failure: Mapping[str, Any] | None
    ) -> None:
        self.feed(duty.RankExited(generation, local_rank, code, failure))

    def all_down(self) -> None:
        self._ports += 1
        self.feed(duty.AllDown(self.state.generation, (self._ports,)))

    # -- the coordinator

    def start(self) -> None:
        self.feed(duty.Tick())
        self.dial()

    def dial(self) -> None:
        if not self.alive:
            return
        coordinator = self.reach()
        passes = self.network.passes(self, UP) and self.network.passes(self, DOWN)
        if coordinator is None or not passes:
            self.later(self._retry + (0.0 if passes else 1.0), self.dial)
            self._retry = min(2 * self._retry, 2.0)
            return
        self.link = Link(self.network, self, coordinator)
        self._heard, self._retry = self.world.now, 0.05
        self.state = self.state._replace(ports=(self._ports,))
        self.feed(duty.Connected())
        link = self.link
        if link is not None:
            self._beat(link)

    def _beat(self, link: Link) -> None:
        if self.link is not link:
            return
        heartbeat = self.config.limits.heartbeat
        if self.world.now - self._heard > BEATS_MISSED * heartbeat:
            self._hang_up(link)
            return
        link.send(UP, {"type": "beat"})
        self.later(heartbeat, lambda: self._beat(link))

    def _hang_up(self, link: Link) -> None:
        link.close(DOWN)
        self._disconnected(link)

    def _disconnected(self, link: Link) -> None:
        if self.link is link:
            self.link = None
            self.feed(duty.Disconnected())
            self.later(self._retry, self.dial)

    def closed(self, link: Link) -> None:
        self.when_awake(lambda: self._disconnected(link))

    def hear(self, link: Link, message: Mapping[str, Any]) -> None:
        self.when_awake(lambda: self._message(link, message))

    def _message(self, link: Link, message: Mapping[str, Any]) -> None:
        if self.link is not link:
            return
        self._heard = self.world.now
        if message["type"] != "beat":
            self.checks.heard(self, link.coordinator, message)
            self.feed(duty.Told(message))

    def _tell(self, message: Mapping[str, Any]) -> None:
        if self.link is not None:
            self.world.say(f"{self.incarnation} -> {_brief(message)}")
            self.link.send(UP, message)

    def _complete(self, message: dict[str, Any]) -> dict[str, Any]:
        if message["type"] != "hello":
            return message
        config = self.config
        node = Node(config.role, config.index, "10.0.0.1", int(config.nproc), (self._ports,))
        plain = dict(node._asdict(), named_ports={})
        return dict(message, key=self.key, incarnation=self.incarnation, node=plain)


def _brief(message: Mapping[str, Any]) -> str:
    if message["type"] == "assign":
        return f"assign {message['topology']['generation']}"
    keys = [key for key in message if key not in ("type", "node", "ports", "key", "incarnation")]
    return " ".join([message["type"], *(f"{key}={message[key]}" for key in keys)])


__all__ = ["Process", "SimAgent", "SimCoordinator", "exits"]
