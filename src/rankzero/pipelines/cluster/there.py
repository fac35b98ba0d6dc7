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
from rankzero.backends.base import LogBlock, LogQuery, Note
from rankzero.backends.kubernetes import queueing
from rankzero.backends.kubernetes.cluster import Cluster, Object
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.state import annotation, seconds
from rankzero.backends.places import KUBERNETES, Place
from rankzero.driver import graph
from rankzero.driver.cluster import words
from rankzero.driver.facts import Output
from rankzero.driver.graph import Graph
from rankzero.errors import BadRequest, Refused, UnknownRun
from rankzero.pipelines.cluster import clients
from rankzero.pipelines.cluster.reading import (
    begun,
    driven,
    ended_by,
    facts_in,
    is_service,
    lines_of,
    over,
)
from rankzero.plan.kubernetes import names

if TYPE_CHECKING:
    from rankzero.backends.base import Backend
    from rankzero.pipelines.cluster.driving import Driving
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
        try:
            return graph.from_json(self.whole_plan()["steps"])
        except (KeyError, TypeError) as error:
            raise self._torn(error) from error

    def whole_plan(self) -> dict[str, Any]:
        """As its driver has it. Errors: Refused."""
        selector = f"{self.selector},{words.PART}={words.PLAN}"
        maps = self.cluster.every("ConfigMap", selector)["items"]
        parts = {key: part for one in maps for key, part in (one.get("binaryData") or {}).items()}
        try:
            whole = b"".join(base64.b64decode(parts[key]) for key in sorted(parts))
            found: dict[str, Any] = json.loads(gzip.decompress(whole))
            return found
        except (OSError, EOFError, ValueError) as error:
            raise self._torn(error) from error

    def _torn(self, error: Exception) -> Refused:
        return Refused(
            f"the plan of {self.run} cannot be read: {error}",
            f"Delete what is left of it: rankzero pipeline delete {self.run}",
        )

    def events(self, since: int = 1) -> list[Event]:
        told = facts_in(self.ledger())
        return [event for event in (*told, *ended_by(self._job, told)) if event.seq >= since]

    def ledger(self) -> list[Object]:
        selector = f"{self.selector},{words.PART}={words.LEDGER}"
        return list(self.cluster.every("ConfigMap", selector)["items"])

    def driven(self) -> bool:
        job = self._now()
        return job is not None and driven(job) and not self._told_its_end()

    def driver(self) -> str:
        job = self._now()
        client = None if job is None else clients.drives(job)
        if client is None:
            return ""
        if client.here:
            return f"process {client.pid} of this machine"
        return (
            f"a client, {client.who}; whether it is still there cannot be seen from here. To take "
            f"its place: rankzero pipeline resume {self.run}"
        )

    @property
    def by_client(self) -> bool:
        """Whether it takes a client to drive it: no pod does."""
        return clients.wanted(self._job)

    def onward(self) -> str:
        if self.by_client:
            return f"go on with it: rankzero pipeline resume {self.run}"
        return f"its driver's own words: kubectl logs job/{self.run}-driver"

    def drive(self) -> Driving:
        """The same, for this process to drive. Errors: BadRequest, Refused."""
        from rankzero.pipelines.cluster.driving import Driving

        job = self._now()
        if job is None or over(job):
            raise BadRequest(f"{self.run} is over.", "Run its file again.")
        if not self.by_client:
            raise BadRequest(
                f"{self.run} is on {self.where}, where Kubernetes brings its driver back.",
                f"Look at it: rankzero pipeline attach {self.run}",
            )
        return Driving(self.cluster, self._place, job)

    def _told_its_end(self) -> bool:
        """A driver has written its last fact before Kubernetes knows of its end."""
        told = self.events()
        return bool(told) and told[-1].kind == FINISHED

    def wait(self, timeout: float | None = None) -> bool:
        if not self.driven():
            return True
        end = None if timeout is None else time.monotonic() + timeout
        with Observed(self.cluster, self.run, words.PIPELINE) as live:
            while True:
                version = live.version
                mine = [job for job in live.jobs if job["metadata"]["name"] == words.job(self.run)]
                if not mine or not driven(mine[0]):
                    return True
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                live.wait(version, left)

    def watch(self, query: LogQuery, events_from: int = 1) -> Iterator[Event | LogBlock | Note]:
        from rankzero.pipelines.cluster.watching import Watching

        return Watching(self, query, events_from).items()

    def lines(self, query: LogQuery) -> Iterator[LogBlock]:
        for one in begun(self, self.events()):
            yield from lines_of(self, one.part, one.number, query)

    def last_lines(self, attempt: Attempt, most: int) -> list[str]:
        blocks = lines_of(self, attempt.part, attempt.number, LogQuery(tail=most))
        text = b"".join(one.data for one in blocks).decode("utf-8", "backslashreplace")
        return text.removesuffix("\n").split("\n")[-most:] if text else []

    def inner_run(self, attempt: Attempt) -> str:
        if is_service(self, attempt.part.step):
            return ""
        return words.part(self.run, attempt.number)

    def obstacles(self, running: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
        from rankzero.pipelines.cluster.obstacles import obstacles

        return obstacles(self, running)

    def stop(self, by: str, *, now: bool = False) -> bool:
        job = self._now()
        if job is None or over(job):
            return False
        goes_on = not self._told_its_end()
        if goes_on:
            note = {"metadata": {"annotations": {words.STOP: by}}}
            job = self.cluster.patch("Job", words.job(self.run), note)
        if self.by_client:
            self._end_with_client(clients.drives(job))
        elif goes_on and not job.get("status", {}).get("ready"):
            self._end_without_driver()
        return goes_on

    def _end_with_client(self, client: clients.Client | None) -> None:
        """One of another machine may be gone, and then nobody hears the wish. Also of one that is
        over the first Job may still be there, where its client was killed after its last fact."""
        if client is None or not client.here:
            self.drive().to_its_end()

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

    def address(self, step: str, output: Output) -> str:
        from rankzero.pipelines.cluster.fetching import address

        return address(self.graph()[step].body, self.run, output.where)

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
