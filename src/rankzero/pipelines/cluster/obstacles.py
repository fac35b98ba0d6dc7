"""What a pipeline on a cluster waits for: its driver, and the runs that its parts are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from rankzero import why
from rankzero.agent import events as ev
from rankzero.agent.healing.pods import phase
from rankzero.backends.facts import facts
from rankzero.backends.kubernetes import looking
from rankzero.driver.cluster import words
from rankzero.errors import Error
from rankzero.pipelines.cluster.reading import is_service
from rankzero.plan.kubernetes import names
from rankzero.why.blocked import listed
from rankzero.why.standing import standing

if TYPE_CHECKING:
    from rankzero.pipelines.cluster.there import There
    from rankzero.pipelines.progress import Attempt

Line = tuple[str, str]
#: Of so many parts that wait it is told why.
_MOST = 3


def obstacles(there: There, running: Iterable[Attempt]) -> Iterator[Line]:
    """Lines with a label each; none where all goes well. Errors: Refused."""
    if not there.by_client:
        yield from _of_driver(there)
    running = list(running)
    for one in [one for one in running if is_service(there, one.part.step)]:
        running.remove(one)
        with suppress(Error):  # it was not made yet, or is gone
            yield from _of_service(there, one)
    phases: dict[str, set[str]] = {}
    for pod in there.cluster.every("Pod", there.selector)["items"]:
        phases.setdefault(pod["metadata"]["labels"][names.RUN], set()).add(phase(pod))
    runs = {words.part(there.run, one.number): one for one in running}
    waiting = [run for run in runs if "Pending" in phases.get(run, {"Pending"})]
    for run in waiting[:_MOST]:
        with suppress(Error):  # it was not made yet, or is gone
            history = there.backend.run(run).history
            if history.state != ev.RUNNING_STATE and not history.final:
                yield "waits", f"{runs[run].part}, since its pods do not run:"
                yield from why.account(facts(there.backend, run, history))


def _of_service(there: There, attempt: Attempt) -> Iterator[Line]:
    """What keeps its pods from being ready, as `rankzero serve why` tells it."""
    from rankzero.backends.kubernetes.services.looking import one

    name = str(there.graph()[attempt.part.step].body["service"]["name"])
    for pods, place in one(there.cluster, name).standing.grouped():
        yield "waits", f"{attempt.part}, since {listed(pods)}: {place.text}"
        if place.trouble is not None:
            yield from (("evidence", line) for line in place.trouble.evidence)
            if place.trouble.remedy:
                yield "remedy", place.trouble.remedy


def _of_driver(there: There) -> Iterator[Line]:
    """What keeps its pod, as a run's pods are looked at."""
    selector = f"batch.kubernetes.io/job-name={words.job(there.run)}"
    pods = there.cluster.every("Pod", selector)["items"]
    seen = looking.gather(pods, (), {}, ())
    (place,) = standing(there.run, 0.0, [f"{words.DRIVER}/0"], seen).places
    if place.state == "running":
        return
    yield "waits", f"its driver: {place.text}"
    if place.trouble is not None and place.trouble.remedy:
        yield "remedy", place.trouble.remedy
