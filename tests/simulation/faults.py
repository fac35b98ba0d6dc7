"""What goes wrong, when, and for how long; and whether a failed run had a reason to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.agent import duty, membership

from .checks import promise
from .network import DOWN, UP

if TYPE_CHECKING:
    from .agents import SimAgent
    from .story import Story


class Faults:
    """until: when the last fault strikes; quiet: when its last effect ends."""

    def __init__(self, story: Story) -> None:
        self.story, self.world = story, story.world
        self.until = self.world.now + self.world.between(5.0, 80.0)
        self.quiet = self.until + 20.0
        self.stopped = False
        self.unable = False
        self._lookers: dict[str, int] = {}
        self._marks: list[tuple[float, float, str]] = []

    def plan(self) -> None:
        world = self.world
        kinds: tuple[tuple[Callable[[str], None], float], ...] = (
            (self.kill, 4),
            (self.crash_midway, 3),
            (self.silence, 2),
            (self.zombie, 3),
            (self.cut, 4),
            (self.part, 4),
            (self.hold, 3),
            (self.terminate, 1.5),
            (self.refuse, 0.15),
            (self.stop, 0.4),
            (self.take_away, 0.4),
            (self.watch, 2),
        )
        calls, weights = zip(*kinds, strict=True)
        for _ in range(world.random.choice((0, 1, 2, 4, 8, 16))):
            strike = world.random.choices(calls, weights)[0]
            # The first node matters most: it gets more than its share.
            first = world.chance(0.3)
            key = self.story.keys[0] if first else world.random.choice(self.story.keys)
            when = world.between(self.world.now, self.until)
            world.at(when, lambda strike=strike, key=key: self._strike(strike, key))

    def _strike(self, strike: Callable[[str], None], key: str) -> None:
        # Where its history is lost, a run that was over would begin again: the platform keeps it.
        meaningful = self.story.durable or not self.story.over
        if meaningful and {key, self.story.keys[0]} <= self.story.current.keys():
            self.world.say(f"fault     {strike.__name__} {key}")
            strike(key)

    def _agent(self, key: str) -> SimAgent:
        return self.story.current[key]

    def _mark(self, key: str, lasts: float) -> None:
        """From now on for so long this node has an excuse."""
        self._marks.append((self.world.now, self.world.now + lasts, key))
        self.quiet = max(self.quiet, self.world.now + lasts)

    # -- kinds

    def kill(self, key: str) -> None:
        self._mark(key, 5.0)
        self._agent(key).die(None)

    def crash_midway(self, key: str) -> None:
        """The first node dies between two actions of one step."""
        first = self.story.keys[0]
        self._mark(first, 20.0)
        coordinator = self._agent(first).coordinator
        assert coordinator is not None
        coordinator.crash_after = self.world.random.randrange(1, 6)

    def silence(self, key: str) -> None:
        """The host fails: no goodbye, and another one comes up later."""
        self._mark(key, 20.0)
        self._agent(key).die(None, silently=True)

    def zombie(self, key: str) -> None:
        """A host is cut off and replaced, lives on, and may come back."""
        if key == self.story.keys[0]:
            return  # two coordinators at once is what the platform has to prevent
        old, world = self._agent(key), self.world
        lasts = world.between(1.0, 25.0)
        self._mark(key, lasts + 5.0)
        self._block(old, (UP, DOWN), lasts)
        self.story.pending += 1

        def replace() -> None:
            self.story.pending -= 1
            if self.story.current[key] is old and key not in self.story.gone and old.alive:
                self.story.born(key)

        world.after(world.between(0.2, 12.0), replace)

    def cut(self, key: str) -> None:
        self._mark(key, 3.0)
        link = self._agent(key).link
        if link is not None:
            link.cut()

    def part(self, key: str) -> None:
        """A partition, of one direction or both."""
        if key == self.story.keys[0]:
            return  # it reaches itself always
        lasts = self.world.between(0.5, 25.0)
        self._mark(key, lasts + 5.0)
        ways = self.world.random.choice(((UP,), (DOWN,), (UP, DOWN)))
        self._block(self._agent(key), ways, lasts)

    def _block(self, agent: SimAgent, ways: tuple[str, ...], lasts: float) -> None:
        for way in ways:
            self.story.network.block(agent, way)
            self.world.after(lasts, lambda way=way: self.story.network.free(agent, way))

    def hold(self, key: str) -> None:
        """The agent's process is held up; its ranks are not."""
        lasts = self.world.between(0.1, 18.0)
        self._mark(key, lasts + 5.0)
        agent = self._agent(key)
        agent.held_until = max(agent.held_until, self.world.now + lasts)

    def terminate(self, key: str) -> None:
        self._mark(key, float("inf") if self.story.durable else 15.0)
        self.quiet = max(self.until + 20.0, min(self.quiet, self.until + 60.0))
        agent = self._agent(key)
        agent.when_awake(lambda: agent.feed(duty.Terminate("asked to leave")))

    def refuse(self, key: str) -> None:
        self.unable = True
        agent = self._agent(key)
        record = {"kind": "refused", "node": key, "rank": None, "time": self.world.now}
        agent.when_awake(lambda: agent.feed(duty.Unable(dict(record, message="no python"))))

    def stop(self, key: str) -> None:
        coordinator = self.story.listening()
        if coordinator is not None:
            self.stopped = True
            grace = self.world.random.choice((None, 0.0, 2.0))
            agent = self._agent(self.story.keys[0])
            agent.when_awake(lambda: coordinator.feed(membership.StopRun("somebody", grace)))

    def watch(self, key: str) -> None:
        """Somebody looks, and stays beyond the end, perhaps longer than the nodes linger."""
        coordinator = self.story.listening()
        if coordinator is None:
            return
        agent, lasts = self._agent(self.story.keys[0]), self.world.between(1.0, 900.0)

        def look(more: int) -> None:
            self._lookers[agent.incarnation] = self._lookers.get(agent.incarnation, 0) + more
            anybody = self._lookers[agent.incarnation] > 0
            if agent.alive:
                agent.when_awake(lambda: coordinator.feed(membership.Watched(anybody)))

        look(1)
        self.world.after(lasts, lambda: look(-1))

    def take_away(self, key: str) -> None:
        """The node dies, and nothing replaces it."""
        self.story.gone.add(key)
        self._mark(key, float("inf"))
        self.quiet = self.until + 60.0
        self._agent(key).die(None)

    # -- excuses

    def excuse(self, cause: Mapping[str, Any]) -> None:
        """A failed run needs a reason: no restart left, or something that no restart mends."""
        story, kind = self.story, cause["kind"]
        if kind == "refused":
            promise(self.unable, "a node refused that can run the job")
        elif kind == "nodes-missing":
            since = cause["time"] - 3 * story.checks.config.limits.join_wait
            first = story.keys[0]
            excused = [key for _, end, key in self._marks if end >= since]
            named = [key for key in cause["nodes"] if key in excused or first in excused]
            promise(bool(named), f"{cause['nodes']} were here all the time")
        else:
            promise(story.max_restarts < 50, f"failed with restarts left: {cause}")
