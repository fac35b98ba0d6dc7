"""A membership machine in the hand of a test: short words for what happens and what it did."""

from __future__ import annotations

from typing import Any

from rankzero.agent import membership as m
from rankzero.agent.config import AgentConfig, Command, Limits, RoleShape
from rankzero.agent.history import History
from rankzero.contracts.topology import Node, Settings

LIMITS = Limits(join_wait=60.0, coordinator_wait=60.0, grace=5.0, heartbeat=2.0)


def fixed(count: int) -> RoleShape:
    return RoleShape("worker", count, count)


def elastic(low: int, high: int) -> RoleShape:
    return RoleShape("worker", low, high)


class Play:
    """Feeds one machine. sent: (node, message) in order; said: (kind, data) of the history.

    A node is named `worker/0`; `births` gives each its incarnation, counted up by `reborn`.
    """

    def __init__(
        self,
        *roles: RoleShape,
        max_restarts: int = 0,
        history: History | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self.now = 100.0
        command = Command("script", "train.py")
        settings = Settings("run", "plain", max_restarts=max_restarts)
        config = AgentConfig(
            "run", roles[0].name, 0, roles, settings, command, "here:1", "token",
            "/n", "/n", "/n", "python3", limits=limits,
        )  # fmt: skip
        self.state = m.resume(config, history or History(), self.now)
        self.births: dict[str, int] = {}
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.cut: list[str] = []

    # -- what happens

    def feed(self, event: m.Event) -> None:
        self.state, actions = m.step(self.state, event, self.now)
        for action in actions:
            if isinstance(action, m.Send):
                self.sent.append((action.key, action.message))
            elif isinstance(action, m.Emit):
                self.said.append((action.kind, action.data))
            else:
                self.cut.append(action.incarnation)
        when = m.deadline(self.state)
        assert when is None or when > self.now, "a deadline in the past would spin"

    def incarnation(self, key: str) -> str:
        return f"{self.births.setdefault(key, 1):03d}"

    def reborn(self, key: str, **known: Any) -> None:
        self.births[key] = self.births.get(key, 1) + 1
        self.hello(key, **known)

    def hello(
        self, *keys: str, nproc: int = 1, ports: tuple[int, ...] = (1,), **known: Any
    ) -> None:
        for key in keys:
            role, _, index = key.partition("/")
            node = Node(role, int(index), "10.0.0.1", nproc, ports)
            self.feed(m.Hello(key, self.incarnation(key), node, **known))

    def of(self, kind: type, key: str, *values: Any) -> None:
        """An event of a node's present incarnation."""
        self.feed(kind(key, self.incarnation(key), *values))

    def gone(self, key: str) -> None:
        self.of(m.Gone, key)

    def running(self, *keys: str) -> None:
        for key in keys:
            self.of(m.Running, key, self.state.generation)

    def exited(self, key: str, code: int = 0, local: int = 0) -> None:
        failed = None
        if code:
            place = self.state.roster.index(key)
            failed = {"kind": "rank-failed", "rank": place, "node": key, "time": self.now}
        self.of(m.Exited, key, self.state.generation, local, code, failed)

    def stopped(self, *keys: str, ports: tuple[int, ...] = (1,)) -> None:
        for key in keys:
            self.of(m.Stopped, key, self.state.generation, ports)

    def acked(self, *keys: str) -> None:
        for key in keys:
            self.of(m.Acked, key)

    def wait(self, seconds: float, silent: tuple[str, ...] = ()) -> None:
        """Time passes; all that are here give signs of life, but not the silent ones."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + LIMITS.heartbeat / 2)
            for key in [key for key in self.state.members if key not in silent]:
                self.of(m.Beat, key)
            self.feed(m.Tick())

    # -- what it did

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.said]

    def last(self, kind: str) -> dict[str, Any]:
        """The last line of the history of this kind."""
        return next(data for said, data in reversed(self.said) if said == kind)

    def told(self, key: str) -> list[str]:
        return [message["type"] for to, message in self.sent if to == key]

    def forget(self) -> None:
        """From here on, `sent` and `said` show only what is new."""
        self.sent, self.said = [], []

    @property
    def phase(self) -> str:
        return self.state.phase
