"""Which pods a dead machine holds, and which of them may be taken from it. Pure.

A Job replaces a pod only once it has failed, and a pod on a machine that does not answer never
says so: Kubernetes marks it as terminating, and waits for its kubelet to confirm. To delete it
without a grace period is not enough either: the Job's finalizer keeps it, and the Job lets go of
that only once the pod has failed. Without finalizer and grace period it is out of the books,
whatever still runs on that machine. An agent that comes back after that is refused by the
coordinator, for its node has a newer incarnation.
"""

from typing import Any, Collection, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional

from rankzero.agent import events as ev
from rankzero.agent.healing import pods
from rankzero.agent.healing.pods import Object
from rankzero.agent.history import History

#: What a Job keeps its pods with until it has counted them.
FINALIZER = "batch.kubernetes.io/job-tracking"
#: The events that may change a coordinator's word.
ABOUT_NODES = frozenset((ev.NODE_JOINED, ev.NODE_LOST, ev.WAITING, ev.ASSIGNED, ev.RUNNING))
#: A kubelet that lives ends a pod when its grace period does, and says so soon after (seconds).
LATE = 15.0


class Verdict(NamedTuple):
    """A pod on a machine that may be dead. lost: whether that is certain; when: from when on it
    is, in seconds since the epoch, None where that cannot be known yet. given_up: whether the
    cluster itself gave the machine up, and it is not just somebody's wish that the pod ends."""

    pod: Object
    why: str
    lost: bool
    when: Optional[float]
    given_up: bool


class Word(NamedTuple):
    """A coordinator's, about its nodes. silent: those that it had, and does not hear any more;
    heard: those that it has; left: those that said goodbye, and may still be saving."""

    silent: FrozenSet[str] = frozenset()
    heard: FrozenSet[str] = frozenset()
    left: FrozenSet[str] = frozenset()

    @property
    def missed(self) -> FrozenSet[str]:
        """Those whose places are free, or will be."""
        return self.silent | self.left


def word(history: History) -> Word:
    """What a run's history says of them, as long as the coordinator that tells it lives."""
    nodes, awaited = history.nodes, set(history.waiting_for)
    missed = frozenset(
        name for name, node in nodes.items() if node.state == "lost" or name in awaited
    )
    left = frozenset(name for name in missed if nodes[name].left)
    return Word(missed - left, frozenset(nodes) - missed, left)


def judge(
    found: Iterable[Object],
    now: float,
    machines: Optional[Mapping[str, Object]] = None,
    silent: Collection[str] = (),
) -> List[Verdict]:
    """The pods that a machine seems to hold.

    machines: the cluster's, by name, where they may be read; silent: nodes whose agent the
    coordinator has lost without a word. With one of the two nobody has to wait for the end of a
    grace period that no kubelet counts. A node that said goodbye is none of them: its machine
    lived, and has until then to end it.
    """
    verdicts = (_verdict(pod, now, machines or {}, silent) for pod in found)
    return [verdict for verdict in verdicts if verdict is not None]


def unasked(verdicts: Iterable[Verdict], heard: Collection[str] = ()) -> List[Verdict]:
    """Those of which a machine's death is certain enough to act on it without being asked to.

    A pod that somebody deleted is its machine's to end, however long that takes. And whose agent
    is heard is alive, though the cluster may not reach its machine.
    """
    return [
        one for one in verdicts if one.lost and one.given_up and pods.node(one.pod) not in heard
    ]


def untracked(pod: Object) -> Dict[str, Any]:
    """The change to a pod (a strategic merge patch) that lets its Job do without it. It names the
    one finalizer, whatever else there is, and the pod's uid: another of its name stays as it is."""
    named = {"uid": pods.uid(pod), "$deleteFromPrimitiveList/finalizers": [FINALIZER]}
    return {"metadata": named}


def _verdict(
    pod: Object, now: float, machines: Mapping[str, Object], silent: Collection[str]
) -> Optional[Verdict]:
    machine = pods.machine(pod)
    if not machine or pods.phase(pod) in ("Succeeded", "Failed"):
        return None  # not placed yet, or ended: then only its Job has to take note
    dead, given_up = _silence(machines.get(machine)), pods.given_up(pod)
    end = pod["metadata"].get("deletionTimestamp")
    if end is None:
        if dead is None:
            return None
        why = "%s %s; Kubernetes has not given the pod up yet" % (machine, dead)
        return Verdict(pod, why, lost=False, when=None, given_up=True)
    if dead is not None:
        why = "terminating on %s, which %s" % (machine, dead)
        return Verdict(pod, why, lost=True, when=now, given_up=True)
    if pods.node(pod) in silent and given_up:
        why = "terminating on %s, which Kubernetes gave up; its agent does not answer" % machine
        return Verdict(pod, why, lost=True, when=now, given_up=True)
    when = pods.seconds(str(end)) + LATE
    within = "beyond" if now >= when else "within"
    why = "terminating on %s, %s its grace period (until %s)" % (machine, within, end)
    return Verdict(pod, why, lost=now >= when, when=when, given_up=given_up)


def _silence(machine: Optional[Object]) -> Optional[str]:
    """What is wrong with a machine whose kubelet does not report; None where it does."""
    for condition in (machine or {}).get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "Unknown":
            return "does not answer (since %s)" % condition.get("lastTransitionTime", "some time")
    return None
