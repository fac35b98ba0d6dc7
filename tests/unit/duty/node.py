"""A duty machine in the hand of a test."""

from __future__ import annotations

from typing import Any

from rankzero.agent import duty


class Node:
    """Feeds one machine at a time that the test sets. done: its actions, in order."""

    def __init__(self, ports: tuple[int, ...] = ()) -> None:
        self.now = 100.0
        self.state = duty.State(60.0, 30.0, cut=self.now, ports=ports)
        self.done: list[duty.Action] = []

    def feed(self, event: duty.Event) -> None:
        self.state, actions = duty.step(self.state, event, self.now)
        self.done.extend(actions)

    def running(self, generation: int, restarts: int = 0) -> Node:
        self.feed(duty.Connected())
        self.assign(generation, restarts)
        self.feed(duty.Started(generation))
        self.forget()
        return self

    def assign(self, generation: int, restarts: int = 0) -> None:
        topology = {"generation": generation, "restarts": restarts}
        self.feed(duty.Told({"type": "assign", "topology": topology, "node_rank": 0}))

    def stop(self, generation: int, grace: float = 5.0, *, again: bool = True) -> None:
        message = {"type": "stop", "generation": generation, "grace": grace, "again": again}
        self.feed(duty.Told(message))

    def outcome(self, outcome: dict[str, Any]) -> None:
        self.feed(duty.Told({"type": "outcome", "outcome": outcome, "grace": 5.0}))

    def tick(self) -> None:
        """The moment that the machine itself named."""
        when = duty.deadline(self.state)
        assert when is not None
        assert when >= self.now
        self.now = when
        self.feed(duty.Tick())

    def forget(self) -> None:
        self.done = []

    def told(self) -> list[dict[str, Any]]:
        return [action.message for action in self.done if isinstance(action, duty.Tell)]

    def started(self) -> list[int]:
        return [one.topology["generation"] for one in self.done if isinstance(one, duty.Start)]
