"""Gather what can be seen of a run from outside. What this user may not read is left out, and
named; nothing that a run does not need explained is asked for."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.agent.logs.printed import own_text
from rankzero.agent.seclusion import KEY
from rankzero.backends.kubernetes import queueing, reading, shapes
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.reading import Object
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.trouble import Absent, Forbidden, Unreachable
from rankzero.errors import Refused
from rankzero.plan.kubernetes import access, names
from rankzero.why import namespace_ending
from rankzero.why.seen import Pod, Seen, Told
from rankzero.why.standing import Standing, standing

#: Whose agents' own words are read: so many pods say what all would.
_MOST = 8
#: How many of a pod's last lines are read for them.
_LINES = "50"
#: How long one may take to answer (seconds): somebody waits for what all say.
_LISTENS = 3.0
#: Fields that select the pods that have not ended.
ACTIVE = "status.phase!=Succeeded,status.phase!=Failed"


def look(cluster: Cluster, found: Found, history: History) -> Seen:
    """All that there is to see of a run."""
    asker = Asker(cluster)
    selector = f"{names.RUN}={found.run}"
    jobs = cluster.every("Job", selector, shapes.LISTS["Job"])["items"]
    pods = cluster.every("Pod", selector, shapes.LISTS["Pod"])["items"]
    whole = all(map(_runs, pods)) and len(pods) >= _wanted(jobs)
    asks = _unexplained(history) or not (history.final or whole)
    heard = reading.events(asker.every("Event") or () if asks else ())
    told = gather(pods, jobs, heard, ())
    if asks:
        told = more(asker, told, heard)
    if not history.final:
        joined = here(history)
        told = listen(cluster, told, joined)
        told = told._replace(ending=ending(cluster, told))
        if any(pod.told for pod in told.pods):
            policies = asker.every("NetworkPolicy") or ()
            told = told._replace(policies=reading.policies(policies, found.run))
    return told._replace(
        unread=tuple(asker.unread),
        run=found.run,
        namespace=cluster.namespace,
        healer=healer(found),
    )


def standings(
    cluster: Cluster, waiting: Sequence[Found], known: Mapping[str, History]
) -> dict[str, Standing]:
    """Where the nodes of runs are that wait for some: two calls, whose cost grows with those
    runs' pods alone, and one more where a queue holds any. known: what their coordinators say."""
    if not waiting:
        return {}
    runs = ",".join(found.run for found in waiting)
    pods: dict[str, list[Object]] = {}
    listed = cluster.every("Pod", f"{names.RUN} in ({runs})", shapes.LISTS["Pod"])
    for item in listed["items"]:
        pods.setdefault(item["metadata"]["labels"][names.RUN], []).append(item)
    asker, heard = Asker(cluster), {}
    if any(len(pods.get(found.run, ())) < _wanted(found.jobs) for found in waiting):
        items = asker.every("Event", "reason=FailedCreate") or []
        if any(map(queueing.held, waiting)):
            items += asker.every("Event", f"reason={queueing.PENDING}") or ()
        heard = reading.events(items)
    return {
        found.run: standing(
            found.run,
            found.created,
            nodes(found),
            gather(pods.get(found.run, ()), found.jobs, heard, tuple(asker.unread))._replace(
                run=found.run, namespace=cluster.namespace, healer=healer(found)
            ),
            here(known[found.run]) if found.run in known else None,
        )
        for found in waiting
    }


def gather(
    pods: Iterable[Object], jobs: Sequence[Object], heard: reading.Events, unread: tuple[str, ...]
) -> Seen:
    """What pods, Jobs and events tell."""
    told = (reading.job(job, reading.of_job(job["metadata"]["name"], heard)) for job in jobs)
    return Seen(reading.pods(pods, heard, jobs), tuple(told), unread=unread)


def here(history: History) -> set[str]:
    """The nodes whose agents have joined."""
    return {name for name, node in history.nodes.items() if node.state != "lost"}


def ending(cluster: Cluster, seen: Seen) -> bool:
    """Whether the namespace is being deleted, asked where pods look like it: it takes nothing new,
    not even for show."""
    if not any(map(namespace_ending.held, seen.newest().values())):
        return False
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "rankzero-"}}
    with suppress(Refused):
        path, how = cluster.path("ConfigMap"), {"dryRun": "All"}
        said = cluster.reply(path, how, json.dumps(made), metadata=True)
        return said.code == 403 and "being terminated" in str(said.body.get("message"))
    return False


def nodes(found: Found) -> list[str]:
    """The nodes that the run asked for, by name."""
    return [f"{node['role']}/{node['index']}" for node in found.plan.get("nodes", ())]


def healer(found: Found) -> str:
    """The node that takes others from dead machines; empty where none does."""
    plan = found.plan
    return nodes(found)[0] if access.heals_itself(plan.get("job", {})) else ""


class Asker:
    """Lists what may be listed. unread: what may not."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.unread: list[str] = []

    def every(
        self, kind: str, fields: str = "", *, everywhere: bool = False
    ) -> list[Object] | None:
        try:
            items: list[Object] = self._cluster.every(
                kind, shape=shapes.LISTS.get(kind), fields=fields, everywhere=everywhere
            )["items"]
        except (Forbidden, Absent):
            self.unread.append(_WORDS[kind])
            return None
        return items


_WORDS = {
    "Event": "events",
    "Node": "nodes",
    "Pod": "pods of other namespaces",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "NetworkPolicy": "networkpolicies",
}


def listen(cluster: Cluster, seen: Seen, here: Collection[str]) -> Seen:
    """With what the agents say that run and have not joined."""
    silent = [pod for pod in seen.newest().values() if pod.running and pod.node not in here]
    words = {pod.name: _told(cluster, pod) for pod in silent[:_MOST]}
    return seen._replace(pods=tuple(pod._replace(told=words.get(pod.name)) for pod in seen.pods))


def more(asker: Asker, seen: Seen, heard: reading.Events) -> Seen:
    """With what explains those pods: machines, claims."""
    newest = seen.newest().values()
    if any(pod.unplaced or pod.leaving or pod.machine for pod in newest):
        nodes = asker.every("Node", everywhere=True)
        if nodes is not None:
            unplaced = any(pod.unplaced for pod in newest)
            running = asker.every("Pod", ACTIVE, everywhere=True) if unplaced else None
            seen = seen._replace(machines=reading.machines(nodes, running))
    if any(pod.claims for pod in newest):
        claims = asker.every("PersistentVolumeClaim")
        if claims is not None:
            seen = seen._replace(claims=reading.claims(claims, heard))
    return seen


def _told(cluster: Cluster, pod: Pod) -> Told | None:
    """The newest of its agent's own words about a coordinator that it does not reach."""
    lines: list[bytes] = []
    with suppress(Absent, Forbidden, Unreachable):  # its machine may be gone
        how = {"container": names.CONTAINER, "tailLines": _LINES}
        log = b"".join(cluster.log(pod.name, _LISTENS, **how))
        lines = log.splitlines()
    return next(filter(None, map(read_told, reversed(lines))), None)


def agents_said(cluster: Cluster, run: str) -> Iterator[tuple[str, str]]:
    """What the agents of a run's pods have written of themselves, by the names of the pods; or why
    that cannot be read, as where a machine is gone."""
    for item in cluster.every("Pod", f"{names.RUN}={run}", shapes.LISTS["Pod"])["items"]:
        name = item["metadata"]["name"]
        try:
            log = b"".join(cluster.log(name, container=names.CONTAINER))
        except (Absent, Forbidden, Unreachable) as error:
            yield name, f"its log cannot be read: {error.args[0]}\n"
            continue
        lines = [text for line in log.splitlines() if (text := own_text(line)) is not None]
        yield name, "\n".join(lines) + "\n"


def read_told(line: bytes) -> Told | None:
    """The agent's words in a line of its pod's log; None for any other line."""
    try:
        words = json.loads(own_text(line) or "")[KEY]
        return Told(words["kind"], words["address"], words["reason"], float(words["time"]))
    except (ValueError, KeyError, TypeError):
        return None


def _unexplained(history: History) -> bool:
    """Whether a run failed in a way of which its ranks can say nothing."""
    kind = (history.cause or {}).get("kind")
    return history.state == ev.FAILED and kind not in ("rank-failed", "refused", "stuck")


def _runs(item: Object) -> bool:
    status = item.get("status", {})
    return status.get("phase") == "Running" and "deletionTimestamp" not in item["metadata"]


def _wanted(jobs: Sequence[Object]) -> int:
    return sum(int(job["spec"].get("completions", 0)) for job in jobs)
