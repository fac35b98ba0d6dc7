"""A run's lines up to now, from wherever they are: its nodes, its pods' logs, a volume."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from rankzero.backends.following import Progress, snapshot
from rankzero.backends.kubernetes import kept, looking, runs, state, volumes
from rankzero.backends.kubernetes.entering import enter, start
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.kubernetes.trouble import Absent, Unreachable
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused
from rankzero.plan.kubernetes import layout

if TYPE_CHECKING:
    from rankzero.backends.base import Helper, LogBlock, LogQuery
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.state import Found


def up_to_now(
    cluster: Cluster, run: str, query: LogQuery, helper: Helper | None
) -> Iterator[LogBlock]:
    """Merged by time. helper: also those that only a volume has."""
    if helper is not None and helper.volume is not None:
        found = runs.known(cluster, run)
        progress = Progress(query.nodes or (), query)
        return _by_helper(cluster, run, found, progress, helper)
    found = runs.one(cluster, run)
    on_volume = helper is not None and found.plan.get("job", {}).get("log_volume") is not None
    progress = Progress(looking.nodes(found), query)
    if found.listening:
        with contextlib.suppress(Lost), enter(cluster, found) as viewer:
            now = snapshot(viewer, progress)
            if on_volume:
                return _with_earlier(cluster, found, progress, now)
            return heapq.merge(now, _of_gone(cluster, run, progress), key=_time)
        progress = Progress(looking.nodes(found), query)
    if helper is not None and on_volume and (found.pod or state.ending(found)):
        return _all(cluster, found, progress, helper)
    return kept.lines(cluster, run, progress)


def _of_gone(cluster: Cluster, run: str, progress: Progress) -> list[LogBlock]:
    """Of nodes that have left before the others: their pods' logs are there. A machine that has
    died gives none."""
    found: list[LogBlock] = []
    if progress.gone:
        with contextlib.suppress(Unreachable):
            found.extend(kept.lines(cluster, run, Progress(progress.gone, progress.query)))
    return found


def _with_earlier(
    cluster: Cluster, found: Found, progress: Progress, now: list[LogBlock]
) -> Iterator[LogBlock]:
    """What the nodes have at present, and what agents before those had. Where the volume cannot be
    read, the first comes before the error."""
    failed: list[Refused] = []

    def before() -> Iterator[LogBlock]:
        try:
            lines = _from_a_pod(cluster, found, progress)
            yield from _complete(cluster, found, progress, lines, going_on=True)
        except volumes.NoLines:  # yet
            return
        except Refused as error:
            failed.append(error)

    yield from heapq.merge(before(), now, key=_time)
    if failed:
        raise failed[0]


def earlier(cluster: Cluster, found: Found, progress: Progress) -> Iterator[LogBlock]:
    """What the volume has by now of a run that goes on; whoever follows it goes on from there.

    Errors: Lost, Refused.
    """
    wanted = progress.nodes and progress.query.ranks != frozenset()
    if found.plan.get("job", {}).get("log_volume") is None or not wanted:
        return
    with contextlib.suppress(volumes.NoLines):
        lines = _from_a_pod(cluster, found, progress)
        progress.books.update(lines.newest)
        yield from _complete(cluster, found, progress, lines, going_on=True)


def _from_a_pod(cluster: Cluster, found: Found, progress: Progress) -> volumes.Lines:
    """All pods see the volume."""
    folder = layout.log_folder(found.run)
    lines = volumes.Lines(partial(_dial, cluster, found), found.run, folder, progress)
    lines.begin()
    return lines


def _all(cluster: Cluster, found: Found, progress: Progress, helper: Helper) -> Iterator[LogBlock]:
    """Of a run without a coordinator. Where the volume cannot be reached, what the pods' logs have
    comes before the error."""
    try:
        way = volumes.reached(cluster, found.run, found, layout.LOG_VOLUME, helper)
        with way as (dial, folder):
            lines = volumes.Lines(dial, found.run, folder, progress)
            lines.begin()
            yield from _complete(cluster, found, progress, lines, going_on=False)
    except volumes.NoLines:  # it ended before there were any
        yield from kept.lines(cluster, found.run, progress)
    except Refused:
        yield from kept.lines(cluster, found.run, progress)
        raise


def _complete(
    cluster: Cluster, found: Found, progress: Progress, lines: volumes.Lines, *, going_on: bool
) -> Iterator[LogBlock]:
    """What is on the volume, and what came too late for it: the last lines of an agent that was
    killed are in its pod's log alone. going_on: those of pods that run are somebody else's."""
    beyond = Progress(progress.nodes, progress.query)
    beyond.read = {**lines.ends, **(progress.read if going_on else {})}
    for book, offsets in lines.ends.items():
        beyond.read[book] = {**beyond.read[book], **offsets}
    late = kept.lines(cluster, found.run, beyond, ended_only=going_on)
    return heapq.merge(lines.items(), late, key=_time)


def _time(block: LogBlock) -> float:
    return block.time


def _by_helper(
    cluster: Cluster, run: str, found: Found | None, progress: Progress, helper: Helper
) -> Iterator[LogBlock]:
    with volumes.reached(cluster, run, found, layout.LOG_VOLUME, helper) as (dial, folder):
        lines = volumes.Lines(dial, run, folder, progress)
        lines.begin()
        yield from lines.items()


def _dial(cluster: Cluster, found: Found, *words: str) -> ExecStream:
    """A verb of the agent in the coordinator's pod, which sees the volume. Errors: Lost."""
    assert found.pod is not None
    try:
        return ExecStream(start(cluster, found, dict(found.pod), [*words]))
    except Absent as error:
        raise Lost(str(error)) from error
