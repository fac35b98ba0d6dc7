"""What a pipeline's objects on a cluster tell those who look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rankzero.agent.events import Event, from_line
from rankzero.driver import facts
from rankzero.driver.cluster import ledger, words
from rankzero.errors import Error

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, LogBlock, LogQuery
    from rankzero.backends.kubernetes.cluster import Object
    from rankzero.driver.graph import Graph


def over(job: Object) -> bool:
    """Of the driver's Job: whether no driver comes any more."""
    conditions = job.get("status", {}).get("conditions") or ()
    ended = any(
        one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in conditions
    )
    return ended or "deletionTimestamp" in job["metadata"]


def facts_in(maps: Sequence[Object], since: int = 1) -> list[Event]:
    """The facts in a ledger's ConfigMaps, from a number on."""
    found = [from_line(line) for seq, line in ledger.lines(list(maps)) if seq >= since]
    return [event for event in found if event is not None]


def numbers(events: Iterable[Event]) -> list[int]:
    """Of all attempts, in order."""
    found = [facts.from_event(event) for event in events]
    return [one.number for one in found if isinstance(one, facts.Started)]


def of_jobs(graph: Graph, events: Iterable[Event]) -> set[int]:
    """The numbers of attempts at steps that are jobs."""
    found = [facts.from_event(event) for event in events]
    began = [one for one in found if isinstance(one, facts.Started)]
    return {one.number for one in began if "job" in graph[one.part.step].body}


def lines_of(
    backend: Backend, run: str, number: int, query: LogQuery, ranked: bool
) -> Iterator[LogBlock]:
    """What an attempt has written up to now; nothing where its pods are gone. run: of the
    pipeline. ranked: see `of_attempt`."""
    try:
        for block in backend.logs(words.part(run, number), query):
            yield of_attempt(block, number, ranked)
    except Error:
        return


def of_attempt(block: LogBlock, number: int, ranked: bool) -> LogBlock:
    """A run's lines as a pipeline's, in which an attempt's number stands for the rank. ranked: they
    say which rank wrote them, as a job's do where it is a command on this machine."""
    data, mark = block.data, f"[{block.rank}] ".encode() if ranked else b""
    end = b"\n" if data.endswith(b"\n") else b""
    lines = data.removesuffix(b"\n").replace(b"\n", b"\n" + mark)
    return replace(block, rank=number, data=mark + lines + end)
