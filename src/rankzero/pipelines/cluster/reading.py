"""What a pipeline's objects on a cluster tell those who look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rankzero.agent.events import Event, from_line
from rankzero.driver import facts
from rankzero.driver.cluster import ledger, words
from rankzero.errors import Error
from rankzero.pipelines.cluster import clients

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, LogBlock, LogQuery
    from rankzero.backends.kubernetes.cluster import Object


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


def facts_in(maps: Sequence[Object], since: int = 1) -> list[Event]:
    """The facts in a ledger's ConfigMaps, from a number on."""
    found = [from_line(line) for seq, line in ledger.lines(list(maps)) if seq >= since]
    return [event for event in found if event is not None]


def numbers(events: Iterable[Event]) -> list[int]:
    """Of all attempts, in order."""
    found = [facts.from_event(event) for event in events]
    return [one.number for one in found if isinstance(one, facts.Started)]


def lines_of(backend: Backend, run: str, number: int, query: LogQuery) -> Iterator[LogBlock]:
    """What an attempt has written up to now; nothing where its pods are gone. run: of the
    pipeline."""
    try:
        for block in backend.logs(words.part(run, number), query):
            yield replace(block, rank=number)
    except Error:
        return
