"""What the pods of a service wrote, from the cluster's own logs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.services.following import Following
from rankzero.backends.kubernetes.trouble import Absent
from rankzero.backends.services.model import Asked, Line
from rankzero.driver.cluster.deployments import CONTAINER
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import names

#: A pod may say nothing for so long while it is followed (seconds).
_SILENT = 24 * 3600.0


def lines(cluster: Cluster, name: str, asked: Asked) -> Iterator[Line]:
    """(pod, line). Errors: BadRequest for a pod that the service has not, Refused."""
    items = cluster.every("Pod", f"{names.SERVICE}={name}")["items"]
    pods = sorted(str(one["metadata"]["name"]) for one in items)
    if asked.pod is not None and asked.pod not in pods:
        raise BadRequest(f"{name} has no pod {asked.pod}. It has: {', '.join(pods) or 'none'}.")
    if asked.follow:
        yield from _followed(cluster, name, asked)
        return
    for pod in pods if asked.pod is None else [asked.pod]:
        try:
            yield from ((pod, line) for line in _of(cluster, pod, asked))
        except Absent:  # its container has not begun
            continue


def _of(cluster: Cluster, pod: str, asked: Asked) -> Iterator[str]:
    query = {"container": CONTAINER}
    if asked.follow:
        query["follow"] = "true"
    if asked.tail is not None:
        query["tailLines"] = str(asked.tail)
    if asked.previous:
        query["previous"] = "true"
    rest = b""
    patience = {"patience": _SILENT} if asked.follow else {}
    for block in cluster.log(pod, **patience, **query):  # type: ignore[arg-type]
        *whole, rest = (rest + block).split(b"\n")
        yield from (line.decode("utf-8", "backslashreplace") for line in whole)
    if rest:
        yield rest.decode("utf-8", "backslashreplace")


def _followed(cluster: Cluster, name: str, asked: Asked) -> Iterator[Line]:
    """A thread a pod, since a log is read as it comes; new ones as soon as they run."""
    said: queue.Queue[Line | Refused | None] = queue.Queue()
    threading.Thread(target=_watch, args=(cluster, name, asked, said), daemon=True).start()
    while (line := said.get()) is not None:
        if isinstance(line, Refused):
            raise line
        yield line


def _watch(
    cluster: Cluster, name: str, asked: Asked, said: queue.Queue[Line | Refused | None]
) -> None:
    """Until the service is deleted."""
    heard = set[str]()
    try:
        with Following(cluster, name) as following:
            while True:
                version = following.version
                for one in following.now().instances:
                    began = one.place.state in ("running", "ended")
                    if began and one.pod not in heard and asked.pod in (None, one.pod):
                        heard.add(one.pod)
                        reading = (cluster, one.pod, asked, said)
                        threading.Thread(target=_read, args=reading, daemon=True).start()
                following.wait(version)
    except Refused as gone:
        said.put(gone)


def _read(
    cluster: Cluster, pod: str, asked: Asked, said: queue.Queue[Line | Refused | None]
) -> None:
    try:
        for line in _of(cluster, pod, asked):
            said.put((pod, line))
    except Refused as gone:
        if not isinstance(gone, Absent):
            said.put((pod, f"(no more of this pod: {gone.args[0]})"))
