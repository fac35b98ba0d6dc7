"""A pipeline's run on a cluster: see `pipelines.kept`."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankzero import backends
from rankzero.agent.events import FINISHED, Event
from rankzero.backends.base import LogBlock, LogQuery
from rankzero.backends.kubernetes import queueing
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.state import annotation, seconds
from rankzero.backends.places import KUBERNETES, Place
from rankzero.driver import graph
from rankzero.driver.cluster import words
from rankzero.driver.graph import Graph
from rankzero.errors import Refused, UnknownRun
from rankzero.pipelines.cluster.reading import facts_in, lines_of, numbers, of_jobs, over
from rankzero.plan.kubernetes import names

if TYPE_CHECKING:
    from rankzero.backends.base import Backend
    from rankzero.pipelines.progress import Attempt
    from rankzero.pipelines.results import Handed


def runs(place: Place, selector: str = words.PIPELINE) -> list[There]:
    """Those in a namespace that a label selects. Errors: Refused."""
    cluster = Cluster(place.context, place.namespace)
    jobs = cluster.every("Job", f"{selector},{words.PART}={words.DRIVER}")["items"]
    return [There(cluster, place, job) for job in jobs]


def named(place: Place, run: str) -> There:
    """The one with this id, which is there. Errors: Refused, UnknownRun."""
    found = runs(place, f"{words.PIPELINE}={run}")
    if not found:
        raise UnknownRun(f'There is no run of a pipeline "{run}".')
    return found[0]


class There:
    """job: its driver's, as it was when it was looked for."""

    def __init__(self, cluster: Cluster, place: Place, job: Object) -> None:
        self.cluster, self._place, self._job = cluster, place, job

    @property
    def run(self) -> str:
        return str(self._job["metadata"]["labels"][words.PIPELINE])

    @property
    def where(self) -> str:
        return f"{self.cluster.context}/{self.cluster.namespace}"

    @property
    def created(self) -> float:
        return seconds(self._job["metadata"]["creationTimestamp"])

    @property
    def selector(self) -> str:
        return f"{words.PIPELINE}={self.run}"

    def plan(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(annotation(self._job, names.PLAN) or "{}")
        return found

    def graph(self) -> Graph:
        return self._graph

    @cached_property
    def _graph(self) -> Graph:
        selector = f"{self.selector},{words.PART}={words.PLAN}"
        maps = self.cluster.every("ConfigMap", selector)["items"]
        parts = {key: part for one in maps for key, part in (one.get("binaryData") or {}).items()}
        try:
            whole = b"".join(base64.b64decode(parts[key]) for key in sorted(parts))
            return graph.from_json(json.loads(gzip.decompress(whole))["steps"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise Refused(
                f"the plan of {self.run} cannot be read: {error}",
                f"Delete what is left of it: rankzero pipeline delete {self.run}",
            ) from error

    def events(self, since: int = 1) -> list[Event]:
        return facts_in(self.ledger(), since)

    def ledger(self) -> list[Object]:
        selector = f"{self.selector},{words.PART}={words.LEDGER}"
        return list(self.cluster.every("ConfigMap", selector)["items"])

    def driven(self) -> bool:
        job = self._now()
        if job is None or over(job):
            return False
        # Its driver has written its last fact before Kubernetes knows of its end.
        told = self.events()
        return not told or told[-1].kind != FINISHED

    def wait(self, timeout: float | None = None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        with Observed(self.cluster, self.run, words.PIPELINE) as live:
            while True:
                version = live.version
                mine = [job for job in live.jobs if job["metadata"]["name"] == words.job(self.run)]
                if not mine or over(mine[0]):
                    return True
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                live.wait(version, left)

    def watch(self, query: LogQuery, events_from: int = 1) -> Iterator[Event | LogBlock]:
        from rankzero.pipelines.cluster.watching import Watching

        return Watching(self, query, events_from).items()

    def lines(self, query: LogQuery) -> Iterator[LogBlock]:
        events = self.events()
        jobs = of_jobs(self.graph(), events)
        for number in numbers(events):
            yield from lines_of(self.backend, self.run, number, query, number in jobs)

    def last_lines(self, attempt: Attempt, most: int) -> list[str]:
        ranked = "job" in self.graph()[attempt.part.step].body
        query = LogQuery(tail=most)
        blocks = lines_of(self.backend, self.run, attempt.number, query, ranked)
        text = b"".join(one.data for one in blocks).decode("utf-8", "backslashreplace")
        return text.removesuffix("\n").split("\n")[-most:] if text else []

    def inner_run(self, attempt: Attempt) -> str:
        return words.part(self.run, attempt.number)

    def obstacles(self, running: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
        from rankzero.pipelines.cluster.obstacles import obstacles

        return obstacles(self, running)

    def stop(self, by: str, *, now: bool = False) -> bool:
        if not self.driven():
            return False
        note = {"metadata": {"annotations": {words.STOP: by}}}
        job = self.cluster.patch("Job", words.job(self.run), note)
        if not job.get("status", {}).get("ready"):
            self._end_without_driver()
        return True

    def _end_without_driver(self) -> None:
        """Nobody hears the wish: a driver that does not start, or is just being started again. The
        driver's Job comes last, for it is what says that there is still something to end."""
        jobs = self.cluster.every("Job", self.selector)["items"]
        for job in sorted(jobs, key=lambda job: job["metadata"]["name"] == words.job(self.run)):
            if not over(job):
                change = {"spec": queueing.ended(job)}
                self.cluster.patch("Job", job["metadata"]["name"], change)

    def delete(self) -> None:
        """With all that it owns."""
        self.cluster.delete("Job", words.job(self.run))

    def output(self, step: str, at: int = -1) -> Path:
        return Path(step) if at < 0 else Path(step, str(at))

    def results(self) -> Path | None:
        return None

    def copy(self, found: Sequence[Handed], to: Path) -> None:
        from rankzero.pipelines.cluster.fetching import fetch

        fetch(self, found, to)

    @property
    def backend(self) -> Backend:
        return backends.at(Place(KUBERNETES, self._place.context, self._place.namespace))

    def _now(self) -> Object | None:
        selector = f"{self.selector},{words.PART}={words.DRIVER}"
        jobs = self.cluster.every("Job", selector)["items"]
        return jobs[0] if jobs else None
