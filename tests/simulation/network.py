"""Connections: in order and whole while they last, as TCP is; or worse, where the seed says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .world import World

if TYPE_CHECKING:
    from .agents import SimAgent, SimCoordinator

UP, DOWN = "up", "down"  # to the coordinator, and from it


class Network:
    """slow: the most seconds a message takes; duplicates, reorders: how often that happens.

    blocked: (agent's host, direction) that nothing passes at the moment. As in TCP, what was
    sent into it is not lost: it arrives when the way is free again, unless an end gave up.
    """

    def __init__(self, world: World, slow: float, duplicates: float, reorders: float) -> None:
        self.world = world
        self.slow, self.duplicates, self.reorders = slow, duplicates, reorders
        self.blocked: dict[tuple[object, str], int] = {}
        self.links: list[Link] = []

    def passes(self, host: object, way: str) -> bool:
        return not self.blocked.get((host, way))

    def block(self, host: object, way: str) -> None:
        self.blocked[host, way] = self.blocked.get((host, way), 0) + 1

    def free(self, host: object, way: str) -> None:
        self.blocked[host, way] -= 1
        for link in list(self.links):
            if link.agent is host:
                link.flush(way)

    def delay(self) -> float:
        return self.world.between(0.0005, self.slow)


class Link:
    """One connection. Either end may close it; the other hears of it in order, if it can."""

    def __init__(self, network: Network, agent: SimAgent, coordinator: SimCoordinator) -> None:
        self.network, self.agent, self.coordinator = network, agent, coordinator
        self.open = {UP: True, DOWN: True}  # whether the end that this way leads to still reads
        self.key: str | None = None
        self.hello_at: float | None = None
        self._last = {UP: 0.0, DOWN: 0.0}
        self._hello_due = 0.0
        self._held: dict[str, list[Callable[[], None]]] = {UP: [], DOWN: []}
        network.links.append(self)

    def send(self, way: str, message: Mapping[str, Any]) -> None:
        network = self.network
        arrive = self._arrival(way, message)
        hello = message["type"] == "hello"
        self._later(way, network.delay(), arrive, ordered=hello, hello=hello)
        if not hello and network.world.chance(network.duplicates):
            self._later(way, network.delay() + 0.2, arrive, ordered=False)

    def _arrival(self, way: str, message: Mapping[str, Any]) -> Callable[[], None]:
        def arrive() -> None:
            if self.open[way]:
                if way == UP:
                    self.coordinator.hear(self, message)
                else:
                    self.agent.hear(self, message)

        return arrive

    def _later(
        self, way: str, delay: float, call: Callable[[], None], ordered: bool, hello: bool = False
    ) -> None:
        world = self.network.world
        when = world.now + delay
        if ordered or not world.chance(self.network.reorders):
            when = self._last[way] = max(self._last[way], when)
            if hello:
                self._hello_due = when
        else:
            # Overtaken and overtaking; but a hello is what makes a connection one of a node.
            when = max(when + world.between(0.0, 1.5), self._hello_due)
        world.at(when, lambda: self._pass(way, call))

    def _pass(self, way: str, call: Callable[[], None]) -> None:
        if self._held[way] or not self.network.passes(self.agent, way):
            self._held[way].append(call)
        else:
            call()

    def flush(self, way: str) -> None:
        if self.network.passes(self.agent, way):
            held, self._held[way] = self._held[way], []
            for call in held:
                call()

    # -- the end of it

    def close(self, way: str) -> None:
        """The end that `way` leads to closes. The other one is told behind what was sent."""
        if not self.open[way]:
            return
        self.open[way] = False
        other = DOWN if way == UP else UP
        self._later(other, self.network.delay(), lambda: self._closed(other), ordered=True)

    def cut(self) -> None:
        """Reset by something between the ends; what was under way is lost, here and there."""
        world = self.network.world
        for way in (UP, DOWN):
            world.after(world.between(0.0, 0.3), lambda way=way: self._closed(way))

    def _closed(self, way: str) -> None:
        if not self.open[way]:
            return
        self.open[way] = False
        if way == UP:
            self.coordinator.closed(self)
        else:
            self.agent.closed(self)
        if not any(self.open.values()) and self in self.network.links:
            self.network.links.remove(self)
