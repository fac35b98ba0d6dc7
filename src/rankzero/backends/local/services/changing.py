"""Changes of a service of this machine. Whoever makes one has its turn (`Services.turn`)."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from rankzero.agent.worded import in_words
from rankzero.backends.local import facts
from rankzero.backends.local.drafts import draft_of, sweep
from rankzero.backends.local.services import looking, starting, taking
from rankzero.backends.local.services.folder import Services
from rankzero.backends.local.services.looking import request
from rankzero.backends.local.services.record import Record, Version
from rankzero.backends.local.services.replacing import New, again, first, replace, unchanged
from rankzero.backends.services.model import Changed
from rankzero.errors import BadRequest, Refused
from rankzero.plan import local_service
from rankzero.plan.local_service import LocalServicePlan
from rankzero.spec.services.changes import changes
from rankzero.spec.services.making import change

#: What is said of a first version.
_NEW = "deployed"


def submit(services: Services, plan: LocalServicePlan) -> Changed:
    """Start it, or put it in the place of the one of this name; nothing where that one is the same,
    and ready. Errors: BadRequest where that one is somebody else's; Refused."""
    folder = services.folder(plan.service.name)
    version = Version(0, time.time(), _NEW, plan.service.to_json(), plan.workdir, plan.python)
    if not folder.exists:
        return first(services, folder.name, New(version, (_NEW,), plan.code), plan.owner)
    record = folder.record()
    check_owner(record, plan.owner)
    what = changes(request(record).to_json(), plan.service.to_json())
    if record.version.workdir != plan.workdir:
        what += (f"folder {plan.workdir}",)
    if record.version.python != plan.python:
        what += (f"interpreter {plan.python}",)
    if what:
        version = version._replace(changed=", ".join(what))
        return replace(services, record, New(version, what, plan.code))
    record = record.saying(version.request)
    if record.wanted and folder.kept() and looking.service(folder).done:
        folder.note(record)
        return unchanged(record)
    starting.stop(folder)
    return again(services, record._replace(wanted=True))


def update(
    services: Services,
    name: str,
    options: Mapping[str, Any],
    without: Collection[str] = (),
    *,
    code: bool = False,
) -> Changed:
    """As `backends.services.kept` has it."""
    folder = looking.folder_of(services, name)
    record = folder.record()
    before, here = request(record), Path.cwd()
    after = change(before, options, without=without)
    if options.get("model") is not None:
        if after.predictor is None:
            raise BadRequest(f"{name} serves no predictor, which alone has a model.")
        after = taking.located(after, here)
    machine = facts.gather()
    local_service.check(after, machine)
    workdir = here if code else Path(record.version.workdir)
    # What was a command and is a predictor now has no code yet.
    anew = code or (after.predictor, after.command) != (before.predictor, before.command)
    taken = taking.take(after, workdir, machine, anew=anew, model=options.get("model") is not None)
    what = changes(before.to_json(), taken.service.to_json())
    python = sys.executable if code else record.version.python
    if not what:
        return _started_again(services, record)
    version = Version(
        0, time.time(), ", ".join(what), taken.service.to_json(), str(workdir), python
    )
    idle = not record.wanted
    return replace(services, record, New(version, what, taken.archive, idle))


def undo(services: Services, name: str, to: int | None = None, why: str = "") -> Changed:
    """Back to a version, by default the one before. why: what was wrong with this one. Errors:
    BadRequest where there is no such version."""
    record = looking.folder_of(services, name).record()
    target = record.earlier(to)
    what = f"undone, back to version {target.number}" + (f": {why}" if why else "")
    version = target._replace(time=time.time(), changed=what, served=False)
    return replace(services, record, New(version, (what,), idle=not record.wanted))


def undo_own(services: Services, name: str, changed: Changed, why: str) -> Changed | None:
    """Take a change back, unless somebody has made another one since: then None."""
    if looking.folder_of(services, name).record().current != changed.mark:
        return None
    return undo(services, name, changed.before or None, why)


def scale(services: Services, name: str, replicas: str) -> Changed:
    """A predictor to a number of workers; to 0 it ends, and keeps its port. Errors: SpecError,
    BadRequest where a command is to be there twice; Refused."""
    folder = looking.folder_of(services, name)
    record = folder.record()
    before = request(record)
    number = change(before, {"replicas": replicas}).replicas
    if not number:
        starting.stop(folder)
        folder.note(record._replace(wanted=False))
        return Changed(record.current, 0, ("ended",), before.wait)
    if before.predictor is None and number > 1:
        raise BadRequest(
            f"{name} is a command, of which one has the port on this machine.",
            "Let it start processes of its own; a cluster runs several: --on kubernetes",
        )
    if not record.wanted:
        record = record._replace(wanted=True)
        folder.note(record)
    if before.predictor is None or number == int(before.server.get("workers", 1)):
        return _started_again(services, record)
    return update(services, name, {"server": {"workers": number}})


def delete(services: Services, name: str) -> None:
    """All of it. Errors: BadRequest where there is none; Refused."""
    folder = looking.folder_of(services, name)
    starting.stop(folder)
    gone = draft_of(folder.path, "deleted-")
    try:
        folder.path.rename(gone)  # cut short it leaves no half of a service
        shutil.rmtree(gone)
        sweep(services.path)
    except OSError as error:
        raise Refused(f"cannot delete the service {name}: {in_words(error)}") from error


# -- inside


def _started_again(services: Services, record: Record) -> Changed:
    """Where nothing of it runs, though it should."""
    if services.folder(record.name).kept() or not record.wanted:
        return unchanged(record)
    return again(services, record)


def check_owner(record: Record, owner: str) -> None:
    """Errors: BadRequest for one that somebody else keeps up to date."""
    if record.owner != owner:
        whose = f"belongs to {record.owner}" if record.owner else "was deployed by hand"
        raise BadRequest(
            f"there is a service {record.name} on this machine, which {whose}; nothing was "
            "changed.",
            f"Take another name, or delete it: rankzero serve delete {record.name}",
        )
