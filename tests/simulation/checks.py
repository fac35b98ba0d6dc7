"""What was promised, checked against what really happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.agent.config import AgentConfig
from rankzero.contracts.topology import Rank, Topology

from .network import UP
from .world import Violation, World

if TYPE_CHECKING:
    from .agents import SimAgent, SimCoordinator

#: Beyond its grace, how long a reachable node may go on with ranks of an old generation: what
#: messages, children left behind and processes that are held up take.
SLACK = 12.0


def promise(kept: bool, text: str) -> None:
    if not kept:
        raise Violation(text)


class Checks:
    """durable: the history outlives the coordinator. Where it does not, a new coordinator is an
    `epoch` of its own: it can promise only what the agents that it hears can tell it."""

    def __init__(self, world: World, config: AgentConfig, durable: bool) -> None:
        self.world, self.config, self.durable = world, config, durable
        self.agents: list[SimAgent] = []
        self.topologies: dict[tuple[object, int], Topology] = {}
        self.exits: dict[tuple[object, int, int], int] = {}
        self.sources: dict[tuple[SimAgent, int], object] = {}
        self.assigned: dict[tuple[object, int], float] = {}
        self.outcomes: dict[object, Mapping[str, Any]] = {}
        self.knows: dict[SimAgent, Mapping[str, Any]] = {}
        self.fenced: dict[SimAgent, float] = {}
        self.started: dict[SimAgent, int] = {}
        self.finished: list[Mapping[str, Any]] = []

    def epoch(self, coordinator: SimCoordinator) -> object:
        return "one" if self.durable else coordinator

    # -- ranks

    def starting(self, agent: SimAgent, topology: Topology, node_rank: int) -> None:
        generation = topology.generation
        promise(not agent.ranks.alive, f"two generations at once on {agent.incarnation}")
        promise(
            generation > self.started.get(agent, 0),
            f"{agent.incarnation} starts {generation} after {self.started.get(agent)}",
        )
        self.started[agent] = generation
        promise(agent not in self.fenced, f"{agent.incarnation} starts ranks although fenced")
        promise(agent not in self.knows, f"{agent.incarnation} starts ranks after the outcome")
        self._topology(agent, topology, node_rank)
        if self.member_since(agent) is None:
            return  # cut off: nobody can keep it from starting what it was told before
        epoch = self.sources[agent, generation]
        began = self.assigned[epoch, generation]
        for other in self.agents:
            if other.ranks.alive and other.ranks.generation != generation:
                reachable = self.member_since(other)
                promise(
                    reachable is None or reachable > began,
                    f"{agent.incarnation} starts {generation} while {other.incarnation}, which is "
                    f"reachable, runs {other.ranks.generation}",
                )

    def _topology(self, agent: SimAgent, topology: Topology, node_rank: int) -> None:
        ranks = list(topology.ranks())
        size = topology.world_size
        promise([rank.rank for rank in ranks] == list(range(size)), "ranks have holes")
        names = [(node.role, node.index) for node in topology.nodes]
        promise(len(set(names)) == len(names), "a node has two places")
        me = topology.nodes[node_rank]
        promise(f"{me.role}/{me.index}" == agent.key, f"{agent.key} has the place of {me}")
        where = (self.sources[agent, topology.generation], topology.generation)
        known = self.topologies.setdefault(where, topology)
        promise(known == topology, f"two topologies of generation {topology.generation}")
        for role in self.config.roles:
            count = sum(node.role == role.name for node in topology.nodes)
            promise(role.minimum <= count <= role.maximum, f"{count} nodes of {role.name}")

    def rank_ended(self, agent: SimAgent, place: Rank, generation: int, code: int) -> None:
        self.exits[self.sources[agent, generation], generation, place.rank] = code

    def member_since(self, agent: SimAgent) -> float | None:
        """Since when the coordinator that is up has been in touch with this agent."""
        for coordinator in self._coordinators():
            link = coordinator.peers.get(agent.key)
            member = coordinator.state.members.get(agent.key)
            known = member is not None and member.incarnation == agent.incarnation
            if known and link is not None and link.agent is agent and link.open[UP]:
                return link.hello_at
        return None

    def _coordinators(self) -> list[SimCoordinator]:
        return [a.coordinator for a in self.agents if a.alive and a.coordinator is not None]

    # -- what is said

    def heard(self, agent: SimAgent, by: SimCoordinator, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "assign":
            self.sources[agent, message["topology"]["generation"]] = self.epoch(by)
        elif kind == "outcome":
            self.knows.setdefault(agent, message["outcome"])
        elif kind == "fenced":
            self.fenced.setdefault(agent, self.world.now)

    def told(self, by: SimCoordinator, agent: SimAgent, message: Mapping[str, Any]) -> None:
        if message["type"] == "outcome":
            self._outcome(by, message["outcome"], f"told to {agent.incarnation}")
        elif message["type"] == "leave" and message["code"] == exits.RUN_FAILED:
            alone = agent.coordinator is by
            promise(alone, f"{agent.incarnation} ends the Job that other nodes still leave")

    def _outcome(self, by: SimCoordinator, outcome: Mapping[str, Any], where: str) -> None:
        first = self.outcomes.setdefault(self.epoch(by), outcome)
        promise(first == outcome, f"the outcome changed, {where}: {first}, then {outcome}")

    def emitted(self, by: SimCoordinator, event: ev.Event) -> None:
        check = getattr(self, "_on_" + event.kind.replace("-", "_"), None)
        if check is not None:
            check(by, event.data)

    def _on_assigned(self, by: SimCoordinator, data: Mapping[str, Any]) -> None:
        before = [e.data["generation"] for e in by.history if e.kind == ev.ASSIGNED]
        promise(data["generation"] > max(before, default=0), "generations must grow")
        promise(not any(e.kind == ev.ENDING for e in by.history), "a generation after the outcome")
        self.assigned[self.epoch(by), data["generation"]] = self.world.now
        numbers = [rank for ranks in data["nodes"].values() for rank in ranks]
        promise(numbers == list(range(data["world_size"])), "the history has ranks with holes")
        for agent in self.agents:
            if agent.ranks.alive and self.member_since(agent) is not None:
                raise Violation(
                    f"generation {data['generation']} while {agent.incarnation}, which is "
                    f"reachable, runs {agent.ranks.generation}"
                )

    def _on_restarting(self, by: SimCoordinator, data: Mapping[str, Any]) -> None:
        most = self.config.settings.max_restarts
        spent = [e.data["restarts"] for e in by.history if e.kind == ev.RESTARTING]
        promise(data["restarts"] <= most, f"{data['restarts']} restarts of {most}")
        promise(data["cause"] is not None, "a restart without a cause")
        if self.durable:
            step = data["restarts"] - (spent[-1] if spent else 0)
            promise(step in (0, 1), f"one cause uses {step} restarts")

    def _on_ending(self, by: SimCoordinator, data: Mapping[str, Any]) -> None:
        self._outcome(by, data, "announced")
        for agent, outcome in self.knows.items():
            if agent.alive and self.member_since(agent) is not None:
                promise(outcome == data, f"{agent.incarnation} knows another outcome: {outcome}")
        if data["state"] == ev.SUCCEEDED and by.state.topology is not None:
            self._really_succeeded(by, by.state.topology)
        if data["state"] == ev.FAILED:
            promise(bool(data["cause"]), "failed without a cause")

    def _really_succeeded(self, by: SimCoordinator, topology: Topology) -> None:
        waited_for = {role.name for role in self.config.roles if role.completes}
        generation = topology.generation
        promise(generation == max(self.assigned_by(by)), "success of an older generation")
        for rank in topology.ranks():
            code = self.exits.get((self.epoch(by), generation, rank.rank))
            if rank.role in waited_for:
                promise(code == 0, f"success, but rank {rank.rank} of {generation} exited {code}")

    def assigned_by(self, by: SimCoordinator) -> list[int]:
        return [number for epoch, number in self.assigned if epoch == self.epoch(by)]

    def _on_finished(self, by: SimCoordinator, data: Mapping[str, Any]) -> None:
        self._outcome(by, data, "recorded")
        again = any(event.kind == ev.FINISHED for event in by.history)
        promise(not again, "finished twice")
        self.finished.append(data)

    # -- as time passes

    def after_coordinator(self, by: SimCoordinator) -> None:
        """No reachable node goes on with an old generation."""
        state, now = by.state, self.world.now
        promise(state.restarts <= self.config.settings.max_restarts, "more restarts than allowed")
        for agent, when in self.fenced.items():
            promise(
                not agent.ranks.alive or now - when < SLACK,
                f"{agent.incarnation} runs ranks although fenced",
            )
        patience = self.config.limits.grace + SLACK
        for agent in self.agents:
            if not agent.ranks.alive or agent.ranks.generation == state.generation:
                continue
            since = self.member_since(agent)
            began = self.assigned.get((self.epoch(by), state.generation))
            if since is not None and began is not None and agent.held_until + SLACK < now:
                promise(
                    now - max(since, began) < patience,
                    f"{agent.incarnation} goes on with generation {agent.ranks.generation}",
                )
