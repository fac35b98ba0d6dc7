"""What a cause looks at, and what it finds. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.why.seen import Pod, Seen

#: Failures of which the pods that did not come may be the cause.
_WANTING = ("nodes-missing", "job-failed")
#: How much later a machine may put a pod's end than its agents do (seconds).
_SEEN_LATER = 60.0


class Failure(NamedTuple):
    """The first failure, as an agent recorded it. What nobody recorded is None or empty.

    kind: `rank-failed`, `node-lost`, `node-left`, `nodes-missing`, `stuck`, `cut-off` or
        `refused`; `waited` of a run that was stopped while it did.
    exception: `type`, `message`, `frames` (of `file`, `line`, `function`, `source`), `traceback`.
    crash: what faulthandler wrote. tail: the rank's last lines.
    stuck: nodes whose ranks did not end after it, not even by SIGKILL.
    memory: of the node, as its agent saw it last: `used`, `peak`, `limit` (bytes; limit is absent
        where there is none), and `killed`: how many processes the kernel has ended for want of it.
    aborted: the call by which the rank has ended its world of MPI.
    others: how many other ranks had not finished then, and were stopped by it.
    """

    kind: str = ""
    rank: int | None = None
    node: str = ""
    time: float | None = None
    code: int | None = None
    signal: int | None = None
    exception: Mapping[str, Any] | None = None
    crash: str = ""
    tail: tuple[str, ...] = ()
    message: str = ""
    others: int = 0
    stuck: tuple[str, ...] = ()
    memory: Mapping[str, Any] = {}
    aborted: str = ""

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Failure:
        """A record from an event. Keys that a newer agent added are skipped; null is absent."""
        known = {key: record[key] for key in cls._fields if record.get(key) is not None}
        known["stuck"] = tuple(map(str, known.get("stuck", ())))
        known["tail"] = tuple(str(line) for line in known.get("tail", ()))
        return cls(**known)


class Facts(NamedTuple):
    """What is known of a run. plan: as submitted (`Plan.to_json`), empty where it is lost.
    seen: what its pods look like from outside, empty on a laptop."""

    run: str
    history: History
    plan: Mapping[str, Any] = {}
    seen: Seen = Seen()

    @property
    def failure(self) -> Failure | None:
        """The failure that ended the run; None while it may still succeed."""
        if self.history.state != ev.FAILED or not self.history.cause:
            return None
        return Failure.read(self.history.cause)

    @property
    def earlier(self) -> Failure | None:
        """The failure that the run has survived so far."""
        return Failure.read(self.history.cause) if self.history.cause else None

    @property
    def blocked(self) -> list[Pod]:
        """The pods of nodes that are not here, where the run waits for them, or failed for want
        of them; of each node the newest."""
        history = self.history
        if history.state == ev.FAILED and (history.cause or {}).get("kind") not in _WANTING:
            return []
        if history.state not in (ev.FAILED, ev.WAITING_STATE, ev.RESTARTING_STATE):
            return []
        here = {name for name, node in history.nodes.items() if node.state != "lost"}
        return [pod for node, pod in self.seen.newest().items() if node not in here]

    def remains(self, node: str) -> list[Pod]:
        """A node's pods that came to an end by the time of the failure, the newest first."""
        before = (self.earlier.time if self.earlier else None) or float("inf")
        return [
            pod
            for pod in reversed(self.seen.of(node))
            if (pod.over or pod.leaving or pod.ended or pod.disrupted)
            and ((pod.ended.time if pod.ended else None) or 0.0) <= before + _SEEN_LATER
        ]

    def config(self, node: str = "") -> Mapping[str, Any]:
        """What the plan told a node's agent (by default the first node's). A cluster keeps in full
        only what it told a role's first node: the others' is the same."""
        configs = self.plan.get("nodes") or [{}]
        role, _, index = node.rpartition("/")
        of_role = [config for config in configs if config.get("role") == role]
        own = [config for config in of_role if str(config.get("index")) == index]
        return {**of_role[0], **own[0]} if own else dict(configs[0])


class Finding(NamedTuple):
    """An answer to `why`.

    cause: the name of the file that found it, a stable word for programs.
    title: one line that says what happened. evidence: short lines that show it.
    remedy: what to do next; empty where nothing is known.
    detail: the traceback, crash text or last lines in full.
    """

    cause: str
    title: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    detail: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The schema of a finding in `--output json`: this class's fields."""
        return {
            "cause": self.cause,
            "title": self.title,
            "evidence": list(self.evidence),
            "remedy": self.remedy,
            "detail": list(self.detail),
        }
