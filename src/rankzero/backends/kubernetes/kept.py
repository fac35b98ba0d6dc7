"""What the pods' logs keep of a run: every line of every rank, and the history."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rankzero.agent import events as ev
from rankzero.agent.logs.printed import own_text
from rankzero.agent.pod import submission
from rankzero.backends.base import LogBlock
from rankzero.backends.following import Progress
from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.restoring import restore
from rankzero.backends.kubernetes.state import Found, Object
from rankzero.backends.kubernetes.trouble import Absent, Unreachable
from rankzero.backends.ondisk import unseen
from rankzero.plan.kubernetes import names

#: How many pods' logs are fetched at a time.
_AT_ONCE = 8
#: After how long a silent log is asked for anew (seconds).
_SILENCE = 300.0


def events(cluster: Cluster, found: Found) -> list[ev.Event]:
    """The history in the logs of all coordinators that there are logs of, numbered through."""
    return [] if found.pod is None else _told(cluster, _coordinators(cluster, found.pod))


def follow(cluster: Cluster, found: Found) -> Iterator[ev.Event]:
    """The present coordinator's history as it goes on, until its log ends. Errors: Unreachable."""
    assert found.pod is not None
    pod = found.pod["metadata"]["name"]
    # A way that swallows everything shows by its silence alone.
    for line in _lines(cluster.log(pod, _SILENCE, container=names.CONTAINER, follow="true")):
        event = ev.from_line(own_text(line) or "")
        if event is not None:
            yield event


def before(cluster: Cluster, found: Found) -> list[ev.Event]:
    """What the coordinators before the present one have told, numbered through."""
    assert found.pod is not None
    pods = _coordinators(cluster, found.pod)
    earlier = [pod for pod in pods if pod["metadata"]["uid"] != found.pod_uid]
    return _told(cluster, earlier)


def _coordinators(cluster: Cluster, pod: Object) -> list[Object]:
    """The pods of the node that this pod is, oldest first."""
    labels = pod["metadata"]["labels"]
    return _oldest_first(
        cluster,
        f"{names.RUN}={labels[names.RUN]},{names.ROLE}={labels[names.ROLE]},{names.INDEX}=0",
    )


def _told(cluster: Cluster, pods: Iterable[Object]) -> list[ev.Event]:
    told: list[ev.Event] = []
    for pod in pods:
        base = len(told)
        for line in _lines(cluster.log(pod["metadata"]["name"], container=names.CONTAINER)):
            event = ev.from_line(own_text(line) or "")
            if event is not None:
                told.append(event._replace(seq=base + event.seq))
    return told


def lines(
    cluster: Cluster, run: str, progress: Progress, *, ended_only: bool = False
) -> Iterator[LogBlock]:
    """What was not given out yet, merged by time. ended_only: of pods that have ended.

    Errors: Unreachable where a pod's machine does not give its log, after the others' lines.
    """
    pods = [
        (node, pod["metadata"]["name"])
        for pod in _oldest_first(cluster, f"{names.RUN}={run}")
        if (node := state.node(pod)) in progress.nodes
        and not (ended_only and state.phase(pod) in ("Pending", "Running"))
    ]
    with tempfile.TemporaryDirectory(prefix="rankzero-logs-") as folder:
        logs = [(node, Path(folder) / name) for node, name in pods]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            failed = list(pool.map(lambda log: _fetch(cluster, log[1]), logs))
        come = [log for log, error in zip(logs, failed, strict=True) if error is None]
        yield from unseen(come, progress)
    for (node, _), error in zip(logs, failed, strict=True):
        if error is not None:
            raise Unreachable(f"the lines of {node} cannot be had: {error.args[0]}", error.hint)


def last(found: Found, seq: int) -> ev.Event:
    """The end, from what the coordinator left when it ended."""
    outcome = state.ending(found) or {
        "state": ev.FAILED,
        "cause": {"kind": "cut-off", "message": "the run's pods are gone"},
        "exit_code": 1,
    }
    time = state.told(found).finished or found.created
    return ev.Event(seq, time, ev.FINISHED, outcome)


def submitted(found: Found) -> ev.Event:
    """The history of a run that no pod has begun yet."""
    max_restarts = int(found.plan.get("job", {}).get("max_restarts", 0))
    return ev.Event(1, found.created, ev.SUBMITTED, submission(found.run, max_restarts))


def _oldest_first(cluster: Cluster, selector: str) -> list[Object]:
    """Those whose machines can be asked for their logs."""
    pods = [one for one in cluster.every("Pod", selector)["items"] if not state.given_up(one)]
    return sorted(pods, key=lambda one: str(one["metadata"]["creationTimestamp"]))


def _fetch(cluster: Cluster, log: Path) -> Unreachable | None:
    """A pod's log into a folder with the pod's name, as its agent had it on the node; or why that
    did not come whole."""
    raw = log.with_suffix(".printed")
    try:
        with raw.open("wb") as file, contextlib.suppress(Absent):  # it never began, or is gone
            for block in cluster.log(log.name, container=names.CONTAINER, timestamps="true"):
                file.write(block)
    except Unreachable as error:
        return error
    restore(raw, log)
    raw.unlink()
    return None


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines; none where there is no log."""
    rest = b""
    with contextlib.suppress(Absent):
        for block in blocks:
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
