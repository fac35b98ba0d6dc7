"""What can be seen of a run's pods from outside, as plain data: what causes look at.

Whatever the user may not read is absent, and its name is in `unread`; causes then say what they
know without it. A run on a laptop has nothing of all this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: The phase of a node that has no pod at all.
ABSENT = "Absent"


class Said(NamedTuple):
    """An event of the cluster's about an object; time: when it was last seen (epoch seconds)."""

    reason: str
    message: str
    time: float = 0.0


class Ended(NamedTuple):
    """How a container, or a Job, ended. reason: the cluster's word for it."""

    reason: str
    code: int | None = None
    message: str = ""
    time: float | None = None


class Told(NamedTuple):
    """What an agent says that does not reach its coordinator. kind: `name` where it cannot look
    the name up, else `connection`; reason: what the system says of it."""

    kind: str
    address: str
    reason: str
    time: float


class Toleration(NamedTuple):
    """A taint that a pod puts up with; an empty key or effect is any."""

    key: str
    value: str | None
    effect: str = ""


class Pod(NamedTuple):
    """One pod of a node; of a node that has none, its name alone, and the phase ABSENT.

    machine: where it was placed. reason, message: the cluster's about the pod as a whole, such as
        `Evicted`. leaving: it is being removed; until: when it is to be gone by.
    unplaced: what the scheduler says of it; gated: what keeps it from the scheduler.
    waiting, detail: why its container does not run, in the cluster's word and in its sentence.
    began: when the container started. ended: how it ended, or its predecessor in this pod.
    disrupted: what took the pod from its machine, in the cluster's words.
    requests, limits: what it asks for, all containers together. selector: labels a machine must
        have. claims: the volumes it wants. keys: secret -> those of its keys that are wanted.
    said: events, oldest first.
    told: what its agent says of itself, where it has not joined the run.
    ready: its probe answers; restarts: how often its container was started again.
    """

    node: str
    name: str = ""
    phase: str = "Pending"
    born: float = 0.0
    machine: str = ""
    reason: str = ""
    message: str = ""
    leaving: bool = False
    until: float | None = None
    unplaced: str = ""
    gated: str = ""
    waiting: str = ""
    detail: str = ""
    began: float | None = None
    ended: Ended | None = None
    disrupted: str = ""
    image: str = ""
    requests: Mapping[str, str] = {}
    limits: Mapping[str, str] = {}
    selector: Mapping[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    claims: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = {}
    said: tuple[Said, ...] = ()
    told: Told | None = None
    ready: bool = False
    restarts: int = 0

    @property
    def role(self) -> str:
        return self.node.rpartition("/")[0]

    @property
    def running(self) -> bool:
        """Whether its container runs, as far as anybody can tell: of a machine that does not
        answer, nobody can."""
        lost = self.leaving and bool(self.disrupted)
        return self.phase == "Running" and self.began is not None and not lost

    @property
    def over(self) -> bool:
        return self.phase in ("Succeeded", "Failed")

    def heard(self, *reasons: str) -> Said | None:
        """The newest event with one of these reasons."""
        return next((one for one in reversed(self.said) if one.reason in reasons), None)


class Job(NamedTuple):
    """What makes the pods of a role. held: it is suspended; queue: who would let it go; after:
    older runs that it has stepped back for.
    failed: how it ended badly. said: of it, and of what the queue calls it."""

    role: str
    name: str = ""
    held: bool = False
    queue: str = ""
    after: tuple[str, ...] = ()
    failed: Ended | None = None
    said: tuple[Said, ...] = ()


class Machine(NamedTuple):
    """A node of the cluster. has: what it offers to pods; free: what nobody has asked for yet,
    None where that is not known. taints: (key, value, effect)."""

    name: str
    ready: bool = True
    labels: Mapping[str, str] = {}
    taints: tuple[tuple[str, str, str], ...] = ()
    has: Mapping[str, str] = {}
    free: Mapping[str, float] | None = None


class Claim(NamedTuple):
    """A volume that is wanted. kind: its storage class; empty for none."""

    name: str
    phase: str = ""
    kind: str = ""
    said: tuple[Said, ...] = ()


class Seen(NamedTuple):
    """All of it. pods: oldest first, also those that were replaced. machines, claims: None where
    they were not, or may not be, read. policies: NetworkPolicies that hold for the run's pods.
    run: whose it is, and in which namespace. ending: that is being deleted, and takes nothing new.
    healer: the node that takes others from dead machines, where one does."""

    pods: tuple[Pod, ...] = ()
    jobs: tuple[Job, ...] = ()
    machines: tuple[Machine, ...] | None = None
    claims: tuple[Claim, ...] | None = None
    policies: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    run: str = "RUN"
    namespace: str = ""
    ending: bool = False
    healer: str = ""

    def kubectl(self, words: str) -> str:
        """A command as it can be typed: kubectl's own namespace may be another one."""
        return f"kubectl {words}" + (f" -n {self.namespace}" if self.namespace else "")

    def newest(self) -> dict[str, Pod]:
        """The newest pod of each node."""
        return {pod.node: pod for pod in self.pods}

    def of(self, node: str) -> list[Pod]:
        """A node's pods, oldest first."""
        return [pod for pod in self.pods if pod.node == node]

    def job(self, role: str) -> Job:
        return next((job for job in self.jobs if job.role == role), Job(role))

    @property
    def after(self) -> tuple[str, ...]:
        """Older runs that this one has stepped back for; its first Job says so."""
        return next((job.after for job in self.jobs if job.after), ())

    def machine(self, name: str) -> Machine | None:
        return next((one for one in self.machines or () if one.name == name), None)

    def beside(self, earlier: Seen) -> Seen:
        """This, and of nodes without a pod what was seen of them earlier."""
        there = {pod.node for pod in self.pods if pod.phase != ABSENT}
        gone = tuple(pod for pod in earlier.pods if pod.node not in there)
        known = there | {pod.node for pod in gone}
        kept = tuple(pod for pod in self.pods if pod.phase != ABSENT or pod.node not in known)
        return self._replace(
            pods=gone + kept,
            jobs=self.jobs or earlier.jobs,
            machines=earlier.machines if self.machines is None else self.machines,
            claims=self.claims or earlier.claims,
            policies=self.policies or earlier.policies,
            healer=self.healer or earlier.healer,
        )
