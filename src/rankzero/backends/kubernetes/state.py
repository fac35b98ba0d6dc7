"""A run's state as its Jobs and first pods tell it. Pure: from the API's objects to a history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from rankzero.agent import events as ev
from rankzero.agent.healing.pods import Object as Object
from rankzero.agent.healing.pods import container, outcome
from rankzero.agent.healing.pods import given_up as given_up
from rankzero.agent.healing.pods import node as node
from rankzero.agent.healing.pods import phase as phase
from rankzero.agent.healing.pods import seconds as seconds
from rankzero.agent.healing.pods import termination as termination
from rankzero.agent.history import History
from rankzero.backends.base import RunInfo
from rankzero.plan.kubernetes import names

#: States of a node that is there, or has done its work.
_HERE = ("joined", "starting", "running", "done")


class Found(NamedTuple):
    """A run's first Job, and the newest of its coordinator's pods (None where there is none).
    jobs: the Jobs of all roles, where they were asked for."""

    job: Object
    pod: Object | None
    jobs: tuple[Object, ...] = ()

    @property
    def run(self) -> str:
        return str(self.job["metadata"]["labels"][names.RUN])

    @property
    def pod_uid(self) -> str:
        return "" if self.pod is None else str(self.pod["metadata"]["uid"])

    @property
    def namespace(self) -> str:
        return str(self.job["metadata"]["namespace"])

    @property
    def plan(self) -> Mapping[str, Any]:
        """As submitted."""
        found: Mapping[str, Any] = json.loads(annotation(self.job, names.PLAN) or "{}")
        return found

    @property
    def created(self) -> float:
        return float(annotation(self.job, names.CREATED) or seconds(_born(self.job)))

    @property
    def listening(self) -> bool:
        """Whether a coordinator may be asked. Of one on a dead machine nobody can tell."""
        pod = self.pod
        return pod is not None and phase(pod) == "Running" and not given_up(pod)


def found(jobs: Iterable[Object], pods: Iterable[Object]) -> list[Found]:
    """The runs behind these objects."""
    newest: dict[str, Object] = {}
    for pod in pods:
        key = _key(pod)
        if pod["metadata"]["labels"].get(names.INDEX) != "0":
            continue
        if key not in newest or _born(newest[key]) < _born(pod):
            newest[key] = pod
    jobs = list(jobs)
    first = [job for job in jobs if job["metadata"]["labels"].get(names.PART) == names.COORDINATOR]
    of: dict[str, list[Object]] = {}
    for job in jobs:
        of.setdefault(job["metadata"]["labels"][names.RUN], []).append(job)
    return [
        Found(job, newest.get(_key(job)), tuple(of[job["metadata"]["labels"][names.RUN]]))
        for job in first
    ]


def listed(found: Found, context: str, known: History | None = None) -> RunInfo:
    """As `info`, with how many nodes are ready. known: what its coordinator says; without it, a
    run that runs fewer pods than it needs waits."""
    one = info(found, context, known)
    here, total = ready(found)
    if known is not None and not known.final:
        here = sum(node.state in _HERE for node in known.nodes.values())
    needed = sum(role["minimum"] for role in _roles(found.plan)) or total
    history = one.history
    if known is None and history.state == ev.RUNNING_STATE and here < needed:
        history = history._replace(state=ev.WAITING_STATE)
    return replace(one, history=history, ready=(min(here, total), total))


def ready(found: Found) -> tuple[int, int]:
    """(nodes whose pods run or have done their work, all nodes), as the Jobs count them: a moment
    late, and at no cost."""
    counts = [job.get("status", {}) for job in found.jobs]
    here = sum(int(one.get("ready") or 0) + int(one.get("succeeded") or 0) for one in counts)
    total = sum(int(job["spec"].get("completions") or 0) for job in found.jobs)
    return here, total


def info(found: Found, context: str, history: History | None = None) -> RunInfo:
    """What `list` shows. context: as this machine calls it; whoever submitted the run may have
    another name for it. history: a better one than the objects tell."""
    plan = found.plan
    job = plan.get("job", {})
    return RunInfo(
        run=found.run,
        name=str(job.get("name", found.run)),
        where=f"{context}/{found.namespace}",
        created=found.created,
        labels=job.get("labels", {}),
        history=history or told(found),
    )


def told(found: Found) -> History:
    """The history, as far as the objects tell it."""
    start = History(
        submitted=found.created,
        max_restarts=int(found.plan.get("job", {}).get("max_restarts", 0)),
        world_size=_world_size(found.plan),
    )
    outcome = ending(found)
    if outcome is None:
        return start._replace(state=_state(found))
    return start._replace(
        state=outcome["state"],
        cause=outcome.get("cause"),
        exit_code=outcome.get("exit_code"),
        outcome=outcome,
        stopped_by=annotation(found.job, names.STOPPED),
        finished=outcome.get("finished") or _ended(found),
    )


def ending(found: Found) -> dict[str, Any] | None:
    """How the run ended: what the coordinator left, else what the Job says."""
    words = termination(found.pod) or outcome(annotation(found.job, names.ENDED))
    if words is not None:
        stopped = words.get("state") == ev.STOPPED and not words.get("cause")
        return {**words, "cause": _waited(found)} if stopped else words
    if annotation(found.job, names.STOPPED) is not None:  # however its Job went on from there
        return {"state": ev.STOPPED, "cause": _waited(found), "exit_code": 1}
    for condition in found.job.get("status", {}).get("conditions", ()):
        if condition["status"] != "True":
            continue
        if condition["type"] == "Complete":
            return {"state": ev.SUCCEEDED, "cause": None, "exit_code": 0}
        if condition["type"] == "Failed":
            cause = {"kind": "job-failed", "message": condition.get("message", "")}
            return {"state": ev.FAILED, "cause": cause, "exit_code": 1}
    return None


def _waited(found: Found) -> dict[str, Any] | None:
    """What it waited for when it was stopped."""
    words = annotation(found.job, names.WAITED)
    return None if words is None else {"kind": "waited", "message": f"it waited: {words}"}


def holders(found: Found, pods: Iterable[Object], here: Collection[str] = ()) -> list[Object]:
    """The pods whose outputs come home: the first node's, and where the job says so all others'.
    here: nodes whose agents have been here, of whose pods the cluster may not have heard yet that
    they run."""
    first = [] if found.pod is None else [found.pod]
    job = found.plan.get("job", {})
    if job.get("collect") != "all" or job.get("output_volume") is not None:  # one folder for all
        return first
    others = [
        one
        for one in pods
        if phase(one) == "Running" or (phase(one) == "Pending" and node(one) in here)
    ]
    return [*first, *sorted((one for one in others if node(one) != node(first[0])), key=node)]


def annotation(thing: Object, name: str) -> str | None:
    value = thing["metadata"].get("annotations", {}).get(name)
    return None if value is None else str(value)


def _state(found: Found) -> str:
    return ev.RUNNING_STATE if found.listening else ev.WAITING_STATE


def _ended(found: Found) -> float | None:
    """Of one that was stopped before it began only its Job tells."""
    status = found.job.get("status", {})
    over = [
        one for one in status.get("conditions", ()) if one["type"] in ("FailureTarget", "Failed")
    ]
    stamps = (
        container(found.pod, "terminated").get("finishedAt"),
        status.get("completionTime"),
        *(one.get("lastTransitionTime") for one in over),
    )
    return next((seconds(stamp) for stamp in stamps if stamp), None)


def _key(thing: Object) -> str:
    meta = thing["metadata"]
    labels = meta["labels"]
    return f"{meta['namespace']}/{labels[names.RUN]}/{labels[names.ROLE]}"


def _born(thing: Object) -> str:
    return str(thing["metadata"]["creationTimestamp"])


def _roles(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What roles there are, as every node is told."""
    nodes: list[Mapping[str, Any]] = list(plan.get("nodes", ()))
    return list(nodes[0].get("roles", ())) if nodes else []


def _world_size(plan: Mapping[str, Any]) -> int:
    counts = [node.get("nproc") for node in plan.get("nodes", ())]
    return sum(count for count in counts if isinstance(count, int))
