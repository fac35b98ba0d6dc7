"""From what was typed to a pipeline's run."""

from __future__ import annotations

import contextlib

from rankzero.backends import NEWEST
from rankzero.backends.places import near
from rankzero.errors import UnknownRun
from rankzero.pipelines.folder import PipelineFolder, Pipelines

_LIST = "See them all: rankzero pipeline list"


def find(run: str) -> PipelineFolder:
    """The one with this id, or the only one whose id starts so; `-` is the newest.

    Errors: UnknownRun, with the candidates or the nearest id.
    """
    known = newest_first()
    if run == NEWEST and known:
        return known[0]
    if run == NEWEST:
        message = "There is no run of a pipeline yet."
        raise UnknownRun(message, "Start one: rankzero pipeline run pipeline.yaml")
    meant = [one for one in known if one.run == run]
    meant = meant or [one for one in known if run and one.run.startswith(run)]
    if len(meant) == 1:
        return meant[0]
    ids = [one.run for one in meant]
    if ids:
        shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
        raise UnknownRun(f'"{run}" could be {len(ids)} runs: {shown}.', _LIST)
    meant_run = near(run, [one.run for one in known])
    raise UnknownRun(f'There is no run of a pipeline "{run}".{meant_run}', _LIST)


def newest_first() -> list[PipelineFolder]:
    found: list[tuple[float, PipelineFolder]] = []
    for folder in Pipelines():
        with contextlib.suppress(FileNotFoundError):  # it is just being deleted
            found.append((folder.plan_file.stat().st_mtime, folder))
    return [folder for _, folder in sorted(found, key=lambda pair: pair[0], reverse=True)]


def ids() -> list[str]:
    return [one.run for one in newest_first()]
