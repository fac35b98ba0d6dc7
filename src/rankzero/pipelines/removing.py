"""Taking pipelines away, with the artifacts that nobody else has."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from rankzero import backends
from rankzero.backends.local.drafts import draft_of, sweep
from rankzero.backends.local.services.folder import Services
from rankzero.driver import facts
from rankzero.errors import BadRequest, Refused, UnknownRun
from rankzero.pipelines import content
from rankzero.pipelines.commands import RUN
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from rankzero.pipelines.here import Here
from rankzero.pipelines.kept import Kept


def remove(found: Iterable[Kept]) -> int:
    """Remove these runs, wherever they are: as `remove_here`, and on a cluster all that is a
    run's; what lies on volumes stays."""
    here = []
    for one in found:
        if isinstance(one, Here):
            here.append(one.folder)
        else:
            one.delete()
    return remove_here(Pipelines(), here) if here else 0


def remove_here(pipelines: Pipelines, folders: Iterable[PipelineFolder]) -> int:
    """Remove these runs; returns how many bytes of artifacts went with them.

    An artifact stays as long as a pipeline that is left had it, or a service of this machine is
    made from it, and all stay while one runs. The
    runs that were steps go too. Errors: BadRequest where somebody drives one by now; Refused.
    """
    for folder in folders:
        try:
            with suppress(FileNotFoundError):  # somebody else removes it just now
                _remove(folder)
        except OSError as error:
            raise Refused(f"{folder.path} cannot be removed: {error.strerror}") from error
    sweep(pipelines.path, content.remove)
    kept: set[str] = set()
    try:
        for folder in pipelines:
            kept |= _artifacts(folder)
        kept |= _served(Services(pipelines.path.parent))
        return pipelines.artifacts.sweep(kept)
    except (Refused, OSError):
        return 0  # what one has that cannot be read is not known, so all stays


def _remove(folder: PipelineFolder) -> None:
    try:
        lock = folder.lock.take()
    except BlockingIOError:
        raise BadRequest(
            f"{folder.run} is being driven.", f"Stop it first: rankzero pipeline stop {folder.run}"
        ) from None
    try:
        _remove_runs(folder)
        gone = draft_of(folder.path, "deleted-")
        folder.path.rename(gone)
        content.remove(gone)
    finally:
        os.close(lock)


def _remove_runs(folder: PipelineFolder) -> None:
    """Those that steps were; nothing runs any more."""
    for file in folder.steps.glob(f"*/*/{RUN}"):
        run = file.read_text(encoding="utf-8").strip()
        with suppress(UnknownRun):  # it may have been deleted already
            backend, info = backends.find(run, backends.Where("local"))
            if info.finished:
                backend.delete(info.run)


def _served(services: Services) -> set[str]:
    """Models, also those of versions that can be gone back to. Errors: Refused."""
    requests = [one.request for service in services for one in service.record().versions]
    return {str(one["model"]) for one in requests if one.get("model")}


def _artifacts(folder: PipelineFolder) -> set[str]:
    """Errors: Refused."""
    found: set[str] = set()
    for event in folder.events():
        fact = facts.from_event(event)
        if isinstance(fact, facts.Committed):
            found.update(output.where for output in fact.outputs.values() if output.where)
    return found
