"""What a pipeline's objects on a cluster tell those who look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rankzero.agent.events import FINISHED, Event, from_line
from rankzero.backends.base import marked
from rankzero.backends.kubernetes.state import seconds
from rankzero.driver import facts
from rankzero.driver.cluster import ledger, words
from rankzero.errors import Error
from rankzero.pipelines.cluster import clients

if TYPE_CHECKING:
    from rankzero.backends.base import LogBlock, LogQuery
    from rankzero.backends.kubernetes.cluster import Object
    from rankzero.driver.facts import Part
    from rankzero.pipelines.cluster.there import There


#: Conditions of a Job after which it makes no pod any more. The first two come where it still waits
#: for pods to end, as a dead machine lets it.
_DECIDED = ("SuccessCriteriaMet", "FailureTarget", "Complete", "Failed")


def driven(job: Object) -> bool:
    """Of the driver's Job: whether a driver is there, or is to come, as far as can be known."""
    return not over(job) and not (clients.wanted(job) and clients.drives(job) is None)


def over(job: Object) -> bool:
    """Of the driver's Job: whether no driver can come any more."""
    conditions = job.get("status", {}).get("conditions") or ()
    ended = any(one["type"] in _DECIDED and one["status"] == "True" for one in conditions)
    return ended or "deletionTimestamp" in job["metadata"]


def ended_by(job: Object, told: Sequence[Event]) -> list[Event]:
    """The end of one that was stopped before any driver of it could say so. job: the driver's;
    told: all its facts."""
    by = (job["metadata"].get("annotations") or {}).get(words.STOP)
    if not by or not over(job) or (told and told[-1].kind == FINISHED):
        return []
    conditions = job.get("status", {}).get("conditions") or ()
    moments = [seconds(one["lastTransitionTime"]) for one in conditions if one["status"] == "True"]
    when = max(moments, default=told[-1].time if told else 0.0)
    seq = told[-1].seq + 1 if told else 1
    return [facts.to_event(seq, facts.Finished(facts.STOPPED, when, str(by)))]


def facts_in(maps: Sequence[Object], since: int = 1) -> list[Event]:
    """The facts in a ledger's ConfigMaps, from a number on."""
    found = [from_line(line) for seq, line in ledger.lines(list(maps)) if seq >= since]
    return [event for event in found if event is not None]


def begun(there: There, events: Iterable[Event]) -> list[facts.Started]:
    """All attempts that are runs, in order."""
    found = [facts.from_event(event) for event in events]
    began = [one for one in found if isinstance(one, facts.Started)]
    return [one for one in began if not is_service(there, one.part.step)]


def is_service(there: There, step: str) -> bool:
    """Such a step is no run; its lines are the service's."""
    return "service" in there.graph()[step].body


def lines_of(there: There, part: Part, number: int, query: LogQuery) -> Iterator[LogBlock]:
    """What an attempt has written up to now; nothing where its pods are gone. number: of the
    attempt."""
    try:
        for block in there.backend.logs(words.part(there.run, number), query):
            yield of_attempt(there, part, number, block)
    except Error:
        return


def of_attempt(there: There, part: Part, number: int, block: LogBlock) -> LogBlock:
    """A block of its run. Lines of a job are marked with their ranks, as the process that a job is
    on a laptop writes them."""
    if "job" not in there.graph()[part.step].body:
        return replace(block, rank=number)
    mark = f"[{block.rank}] ".encode()
    return replace(block, rank=number, data=marked(block.data, mark) if block.data else b"")
