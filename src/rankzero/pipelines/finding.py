"""From what was typed to a pipeline's run, here or on a cluster."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rankzero.backends import NEWEST, every
from rankzero.backends.places import ANYWHERE, LOCAL, Place, Where, near
from rankzero.backends.together import together
from rankzero.errors import Error, Refused, UnknownRun
from rankzero.pipelines.folder import Pipelines
from rankzero.pipelines.here import Here

if TYPE_CHECKING:
    from rankzero.pipelines.kept import Kept

_LIST = "See them all: rankzero pipeline list"


def find(run: str, where: Where = ANYWHERE) -> Kept:
    """The one with this id, or the only one whose id starts so; `-` is the newest.

    Errors: UnknownRun, with the candidates or the nearest id; Refused where it may be in a place
    that cannot be asked.
    """
    if run != NEWEST and not (where.on or where.on_cluster):
        folder = Pipelines().folder(run)
        if folder.exists and folder.run == run:
            return Here(folder)
    known, silent = newest_first(where)
    if run == NEWEST and known:
        return known[0]
    if run == NEWEST:
        message = "There is no run of a pipeline yet."
        raise UnknownRun(message, "Start one: rankzero pipeline run pipeline.yaml")
    meant = [one for one in known if one.run == run]
    meant = meant or [one for one in known if run and one.run.startswith(run)]
    if len(meant) == 1:
        return meant[0]
    if silent and not meant:
        raise silent[0]
    ids = [one.run for one in meant]
    if ids:
        shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
        raise UnknownRun(f'"{run}" could be {len(ids)} runs: {shown}.', _LIST)
    meant_run = near(run, [one.run for one in known])
    raise UnknownRun(f'There is no run of a pipeline "{run}".{meant_run}', _LIST)


def newest_first(where: Where = ANYWHERE) -> tuple[list[Kept], list[Refused]]:
    """All of them, and why some places could not be asked."""
    found: list[tuple[float, Kept]] = []
    silent: list[Refused] = []
    for answer in together(every(where), _in):
        if isinstance(answer, Refused):
            silent.append(answer)
        elif isinstance(answer, Error):
            raise answer
        else:
            found += answer
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)], silent


def _in(place: Place) -> list[tuple[float, Kept]]:
    if place.backend == LOCAL:
        return _here()
    from rankzero.pipelines.cluster.there import runs

    return [(one.created, one) for one in runs(place)]


def _here() -> list[tuple[float, Kept]]:
    found: list[tuple[float, Kept]] = []
    for folder in Pipelines():
        one = Here(folder)
        with contextlib.suppress(FileNotFoundError):  # it is just being deleted
            found.append((one.created, one))
    return found


def ids() -> list[str]:
    """Of those on this machine, the newest first: for Tab, which must not wait for a cluster."""
    return [one.run for _, one in sorted(_here(), key=lambda pair: pair[0], reverse=True)]
