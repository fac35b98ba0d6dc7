"""What the pods' logs keep of a run: every line marked with its rank, and the history."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from rankzero.agent import events as ev
from rankzero.backends.base import LogBlock, LogQuery
from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.trouble import Absent
from rankzero.plan.kubernetes import names

_LINE = re.compile(rb"(\S+) \[(\d+|rankzero)\] (.*)", re.DOTALL)


def events(cluster: Cluster, found: Found) -> list[ev.Event]:
    """The history in the logs of all coordinators that there are logs of, numbered through."""
    told: list[ev.Event] = []
    if found.pod is None:
        return told
    role = found.pod["metadata"]["labels"][names.ROLE]
    selector = f"{names.RUN}={found.run},{names.ROLE}={role},{names.INDEX}=0"
    pods = cluster.every("Pod", selector)["items"]
    for pod in sorted(pods, key=lambda one: one["metadata"]["creationTimestamp"]):
        base = len(told)
        for _, mark, text in _marked(cluster, pod["metadata"]["name"]):
            event = ev.from_line(text.decode("utf-8", "replace")) if mark == b"rankzero" else None
            if event is not None:
                told.append(event._replace(seq=base + event.seq))
    return told


def lines(cluster: Cluster, run: str, query: LogQuery) -> Iterator[LogBlock]:
    """Every rank's lines, merged by time."""
    found: list[LogBlock] = []
    for pod in cluster.every("Pod", f"{names.RUN}={run}")["items"]:
        labels = pod["metadata"]["labels"]
        node = f"{labels[names.ROLE]}/{labels.get(names.INDEX, 0)}"
        if query.nodes is not None and node not in query.nodes:
            continue
        for time, mark, text in _marked(cluster, pod["metadata"]["name"]):
            if mark != b"rankzero" and (query.ranks is None or int(mark) in query.ranks):
                found.append(LogBlock(int(mark), node, 0, time, text + b"\n"))
    found.sort(key=lambda block: block.time)
    yield from _wanted(found, query)


def last(found: Found, seq: int) -> ev.Event:
    """The end, from what the coordinator left when it ended."""
    outcome = state.ending(found) or {
        "state": ev.FAILED,
        "cause": {"kind": "cut-off", "message": "the run's pods are gone"},
        "exit_code": 1,
    }
    time = state.told(found).finished or found.created
    return ev.Event(seq, time, ev.FINISHED, outcome)


def _wanted(found: list[LogBlock], query: LogQuery) -> list[LogBlock]:
    if query.since is not None:
        found = [block for block in found if block.time >= query.since]
    if query.tail is None:
        return found
    left: dict[int, int] = {}
    kept = []
    for block in reversed(found):
        left[block.rank] = left.get(block.rank, query.tail) - 1
        if left[block.rank] >= 0:
            kept.append(block)
    return kept[::-1]


def _marked(cluster: Cluster, pod: str) -> Iterator[tuple[float, bytes, bytes]]:
    """(time, rank or `rankzero`, text) of each marked line of a pod's log."""
    rest = b""
    with contextlib.suppress(Absent):  # it has not begun, or is gone
        for block in cluster.log(pod, container=names.CONTAINER, timestamps="true"):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                match = _LINE.fullmatch(line)
                if match:
                    yield state.seconds(match[1].decode("ascii", "replace")), match[2], match[3]
