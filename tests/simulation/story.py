"""One schedule from its seed to its end: a job, its scripts, what goes wrong, and the verdict."""

from __future__ import annotations

from typing import NamedTuple

from rankzero.agent import duty, exits, membership
from rankzero.agent import events as ev
from rankzero.agent.config import AgentConfig, Command, Limits, RoleShape
from rankzero.agent.history import fold
from rankzero.contracts.topology import Rank, Settings, Topology

from .agents import DutyStep, MembershipStep, SimAgent, SimCoordinator
from .checks import Checks, promise
from .faults import Faults
from .network import Network
from .ranks import Script
from .world import World

SHAPES = (
    (RoleShape("worker", 1, 1),),
    (RoleShape("worker", 2, 2),),
    (RoleShape("worker", 3, 3),),
    (RoleShape("worker", 5, 5),),
    (RoleShape("worker", 1, 3),),
    (RoleShape("worker", 2, 4),),
    (RoleShape("worker", 1, 6),),
    (RoleShape("worker", 2, 2), RoleShape("ps", 1, 1, completes=False)),
    (RoleShape("chief", 1, 1), RoleShape("worker", 1, 3), RoleShape("ps", 2, 2, completes=False)),
    (RoleShape("chief", 1, 1), RoleShape("worker", 2, 2, completes=False)),
)
LIMITS = Limits(join_wait=30.0, coordinator_wait=40.0, grace=4.0, heartbeat=2.0, apart=3.0)
PLENTY = 50
#: A node whose agent died so often stays away, as the supervisor of a laptop decides.
MOST_DEATHS = 12
#: Once nothing goes wrong any more, the run must be over within so many seconds ...
ENDS_WITHIN = 250.0
#: ... and every agent gone, also those that wait for a coordinator that never comes, or for those
#: who look for longer than anybody lingers.
LEAVES_WITHIN = 1400.0


class Steps(NamedTuple):
    """The machines under test; another one in its place shows what the checks can see."""

    membership: MembershipStep = membership.step
    duty: DutyStep = duty.step


class Story:
    """durable: events are on a disk that outlives the coordinator, as on a laptop; else they go
    with it, as in a pod. rough: messages are also duplicated and overtake each other."""

    def __init__(self, seed: int, durable: bool, rough: bool, steps: Steps) -> None:
        self.seed, self.durable, self.steps = seed, durable, steps
        self.world = world = World(seed)
        random = world.random
        slow = random.choice((0.002, 0.05, 1.0))
        odds = (0.1, 0.2) if rough else (0.0, 0.0)
        self.network = Network(world, slow, *odds)
        self.roles = random.choice(SHAPES)
        self.max_restarts = random.choice((0, 1, 3, PLENTY, PLENTY, PLENTY))
        self.nproc = random.choice((1, 1, 2))
        self.keys = [f"{r.name}/{i}" for r in self.roles for i in range(r.maximum)]
        self.checks = Checks(world, self.config(self.keys[0]), durable)
        self.disk: list[ev.Event] = []
        self.current: dict[str, SimAgent] = {}
        self.births = self.pending = 0
        self.deaths = dict.fromkeys(self.keys, 0)
        self.gone: set[str] = set()
        self.faults = Faults(self)

    def config(self, key: str) -> AgentConfig:
        role, _, index = key.partition("/")
        settings = Settings("sim", "plain", max_restarts=self.max_restarts)
        command, nowhere = Command("script", "train.py"), "/nowhere"
        return AgentConfig(
            "sim", role, int(index), self.roles, settings, command, "coordinator:1", "token",
            nowhere, nowhere, nowhere, "python3", nproc=self.nproc, limits=LIMITS,
        )  # fmt: skip

    # -- agents

    def born(self, key: str) -> SimAgent:
        """A new agent for a node: the supervisor's work, or the cluster's."""
        self.births += 1
        agent = SimAgent(
            self.network,
            self.config(key),
            f"{self.births:03d}:{key}",
            self.checks,
            self.steps.duty,
            self.listening,
            self.script,
            self.ended,
        )
        self.current[key] = agent
        self.checks.agents.append(agent)
        self.world.say(f"{agent.incarnation} is born")
        if key == self.keys[0]:
            history = self.disk if self.durable else []
            coordinator = SimCoordinator(
                agent, agent.config, history, self.checks, self.steps.membership
            )
            agent.coordinator = coordinator
            coordinator.on_crash = lambda: agent.die(None)
            coordinator.feed(membership.Tick())
        agent.start()
        return agent

    def born_later(self, key: str, delay: float) -> None:
        self.pending += 1

        def now() -> None:
            self.pending -= 1
            self.born(key)

        self.world.after(delay, now)

    def listening(self) -> SimCoordinator | None:
        first = self.current.get(self.keys[0])
        return first.coordinator if first is not None and first.alive else None

    def ended(self, agent: SimAgent, code: int | None) -> None:
        if self.current[agent.key] is not agent:
            return
        promise(code != exits.FENCED, f"{agent.incarnation} is fenced, but nobody replaced it")
        preempted = not self.durable and agent.state.leaving is not None
        self.deaths[agent.key] += 1
        for_good = code in (exits.DONE, exits.LEFT) and not preempted
        # A laptop's supervisor may not have read yet that the run is over.
        needless = self.over and not (self.durable and self.world.chance(0.5))
        if needless or for_good or self.deaths[agent.key] > MOST_DEATHS:
            self.gone.add(agent.key)
        if agent.key not in self.gone:
            self.born_later(agent.key, self.world.between(0.05, 2.0))

    @property
    def over(self) -> bool:
        return bool(self.checks.finished)

    # -- scripts

    def script(self, topology: Topology, rank: Rank) -> Script:
        random, troubled = self.world.random, self.world.now < self.faults.until
        completes = next(role.completes for role in self.roles if role.name == rank.role)
        term = random.choices((-15, 0, 1, None), (12, 3, 2, 3))[0]
        lingers = random.choices((0.0, 1.5), (9, 1))[0]
        lasts: float | None = random.uniform(0.1, random.choice((5.0, 20.0, 60.0)))
        code = random.choices((0, 1, -9), (12, 1, 1))[0] if troubled else 0
        if not completes and code == 0:
            lasts = None
        return Script(lasts, code, term, lingers)

    # -- the verdict

    def tell(self) -> None:
        """Let it happen. Errors: Violation."""
        for key in self.keys:
            self.born_later(key, self.world.between(0.0, 3.0))
        self.faults.plan()
        ended = self.faults.quiet + ENDS_WITHIN
        self.world.run(ended, lambda: self.over)
        first = self.keys[0]
        promise(self.over or first in self.gone, "nothing goes wrong any more, but it never ends")
        left = ended + LEAVES_WITHIN
        self.world.run(left, self.empty)
        alive = [agent.incarnation for agent in self.checks.agents if agent.alive]
        promise(self.empty(), f"the run is over, but {alive} stay")
        if self.over:
            self.judge()

    def empty(self) -> bool:
        return not self.pending and not any(agent.alive for agent in self.checks.agents)

    def judge(self) -> None:
        """Whether it ended as it had to."""
        if self.durable:
            history = fold(self.disk)
            promise(history.final and history.outcome == self.checks.finished[0], "ends otherwise")
            kinds = [event.kind for event in self.disk]
            if ev.STOP_REQUESTED in kinds[: kinds.index(ev.ENDING)]:
                state, unable = history.state, self.faults.unable
                promise(state == ev.STOPPED or unable, f"asked to stop, but it {state}")
        end = self.checks.finished[-1]
        self.world.say(f"the end: {end}")
        state, cause = end["state"], end["cause"]
        if state == ev.STOPPED:
            promise(self.faults.stopped, "stopped, but nobody asked for it")
        elif state == ev.FAILED:
            self.faults.excuse(cause)


def tell(seed: int, durable: bool = True, rough: bool = False, steps: Steps | None = None) -> Story:
    """The story of a seed. Errors: an AssertionError that shows what happened."""
    story = Story(seed, durable, rough, steps or Steps())
    try:
        story.tell()
    except Exception as error:
        how = f"seed {seed}, durable={durable}, rough={rough}"
        what = f"{error}\n{how}, {story.roles}, max_restarts={story.max_restarts}"
        raise AssertionError(f"{what}\n{story.world.story()}") from error
    return story
