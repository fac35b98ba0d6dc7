"""Changes of a service of this machine. Whoever makes one has its turn (`Services.turn`)."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Any

from rankzero.agent.ports import Claim
from rankzero.backends.local import facts
from rankzero.backends.local.drafts import draft_of, sweep
from rankzero.backends.local.services import looking, planning, ports, starting, taking
from rankzero.backends.local.services.folder import ServiceFolder, Services
from rankzero.backends.local.services.judging import READY, hopeless
from rankzero.backends.local.services.looking import asked_of, request
from rankzero.backends.local.services.record import Record, Version
from rankzero.backends.services import model
from rankzero.backends.services.model import Changed, Outcome
from rankzero.errors import BadRequest, Refused
from rankzero.plan import local_service
from rankzero.plan.local_service import LocalServicePlan
from rankzero.serving.settings import TOKEN
from rankzero.spec.services.changes import changes
from rankzero.spec.services.making import change
from rankzero.spec.services.model import Service

#: What is said of a first version, and of one that is started as it was.
_NEW, _AGAIN = "deployed", "started again"


def submit(services: Services, plan: LocalServicePlan) -> Changed:
    """Start it, or put it in the place of the one of this name; nothing where that one is the same,
    and ready. Errors: BadRequest where that one is somebody else's; Refused."""
    folder = services.folder(plan.service.name)
    version = Version(0, time.time(), _NEW, plan.service.to_json(), plan.workdir, plan.python)
    if not folder.exists:
        return _put(services, folder.name, None, version, plan.owner, plan.code, (_NEW,))
    record = folder.record()
    _check_owner(record, plan.owner)
    what = changes(request(record).to_json(), plan.service.to_json())
    if record.version.workdir != plan.workdir:
        what += (f"folder {plan.workdir}",)
    if record.version.python != plan.python:
        what += (f"interpreter {plan.python}",)
    if what:
        version = version._replace(changed=", ".join(what))
        return _put(services, record.name, record, version, record.owner, plan.code, what)
    record = record.saying(version.request)
    if record.wanted and folder.kept() and looking.service(folder).done:
        _write(folder, record)
        return _unchanged(record)
    starting.stop(folder)
    return _go_again(services, record._replace(wanted=True))


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
    return _put(
        services,
        record.name,
        record,
        version,
        record.owner,
        taken.archive,
        what,
        idle=not record.wanted,
    )


def undo(services: Services, name: str, to: int | None = None, why: str = "") -> Changed:
    """Back to a version, by default the one before. why: what was wrong with this one. Errors:
    BadRequest where there is no such version."""
    record = looking.folder_of(services, name).record()
    target = record.earlier(to)
    what = f"undone, back to version {target.number}" + (f": {why}" if why else "")
    version = target._replace(time=time.time(), changed=what, served=False)
    return _put(
        services, record.name, record, version, record.owner, None, (what,), idle=not record.wanted
    )


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
        _write(folder, record._replace(wanted=False))
        return Changed(record.current, 0, ("ended",), before.wait)
    if before.predictor is None and number > 1:
        raise BadRequest(
            f"{name} is a command, of which one has the port on this machine.",
            "Let it start processes of its own; a cluster runs several: --on kubernetes",
        )
    if not record.wanted:
        record = record._replace(wanted=True)
        _write(folder, record)
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
        raise Refused(f"cannot delete the service {name}: {error}") from error


def until_ready(
    services: Services, name: str, changed: Changed
) -> Generator[model.Service, None, Outcome]:
    """Whatever changes, and how it ended."""
    folder = looking.folder_of(services, name)
    end, since = time.monotonic() + changed.wait, time.time()
    for seen in looking.looks(folder):
        found = looking.shown(seen)
        found = found._replace(standing=found.standing._replace(since=since))
        yield found
        if found.done:
            if seen.record.wanted and not seen.record.version.served:
                _write(folder, seen.record.having_served())
            return Outcome(True, found)
        worst = next(iter(found.standing.waiting), None)
        if hopeless(seen):
            return Outcome(False, found, worst)
        if time.monotonic() > end:
            return Outcome(False, found, worst, late=True)
    raise Refused(f"the service {name} was deleted.")


# -- inside


def _put(
    services: Services,
    name: str,
    before: Record | None,
    version: Version,
    owner: str,
    archive: bytes | None,
    what: tuple[str, ...],
    *,
    idle: bool = False,
) -> Changed:
    """A version in the place of another, which ends first. archive: a predictor's code, where it is
    new; idle: the version is noted, and not started. Where the new one cannot even be started, the
    old one is."""
    folder = services.folder(name)
    asked = asked_of(name, version)
    serves = before is not None and folder.kept()
    number = before.current if before is not None and _ready(folder) else 0
    _room(folder, asked, before if serves else None)
    _lay(folder, asked, archive)
    base = before or Record(name, time.time(), owner, None, True, 0, ())
    after = base.with_version(version)._replace(wanted=not idle)
    try:
        if serves:
            starting.stop(folder)
        _go(services, folder, after)
    except BaseException:  # also Ctrl-C: what served is to go on
        if before is not None and serves:
            starting.stop(folder)
            _go(services, folder, before)
        raise
    taking.prune(folder.code, _digests(after))
    return Changed(after.current, number, what, asked.wait)


def _go(services: Services, folder: ServiceFolder, record: Record) -> None:
    """Note it, and start what it says. Errors: Refused."""
    if not record.wanted:
        _write(folder, record)
        return
    with contextlib.closing(_claimed(services, record)) as claim:
        _write(folder, record._replace(port=record.port or claim.port))
        starting.keep_token(folder, os.environ.get(TOKEN))
        version, asked, machine = record.version, request(record), facts.gather()
        place = Path(version.workdir)
        made = planning.process(folder, asked, place, version.python, claim.port, machine)
        starting.start(folder, made, claim)


def _claimed(services: Services, record: Record) -> Claim:
    """Its port, against all others who look for one. Errors: Refused."""
    if record.listens_on is not None:
        return ports.claim(record.name, record.listens_on)
    return ports.choose(planning.taken_ports(services, record.name))


def _started_again(services: Services, record: Record) -> Changed:
    """Where nothing of it runs, though it should."""
    if services.folder(record.name).kept() or not record.wanted:
        return _unchanged(record)
    return _go_again(services, record)


def _go_again(services: Services, record: Record) -> Changed:
    _go(services, services.folder(record.name), record)
    return Changed(record.current, 0, (_AGAIN,), request(record).wait)


def _unchanged(record: Record) -> Changed:
    return Changed(record.current, record.current, (), request(record).wait)


def _room(folder: ServiceFolder, asked: Service, serving: Record | None) -> None:
    """Before anything is ended: a port that was said must be free, or be its own. Errors:
    Refused."""
    if asked.port is not None and (serving is None or serving.listens_on != asked.port):
        ports.claim(asked.name, asked.port).close()


def _lay(folder: ServiceFolder, asked: Service, archive: bytes | None) -> None:
    try:
        folder.path.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise Refused(f"cannot make {folder.path}: {error.strerror}") from error
    if archive is not None and asked.code is not None:
        taking.lay(folder.code, asked.code.digest, archive)


def _ready(folder: ServiceFolder) -> bool:
    return looking.service(folder).state == READY


def _digests(record: Record) -> set[str]:
    sent = [one.request.get("code") for one in record.versions]
    return {one["digest"] for one in sent if one}


def _check_owner(record: Record, owner: str) -> None:
    if record.owner != owner:
        whose = f"belongs to {record.owner}" if record.owner else "was deployed by hand"
        raise BadRequest(
            f"there is a service {record.name} on this machine, which {whose}; nothing was "
            "changed.",
            f"Take another name, or delete it: rankzero serve delete {record.name}",
        )


def _write(folder: ServiceFolder, record: Record) -> None:
    try:
        folder.put(folder.record_file, record.to_json())
    except OSError as error:
        raise Refused(f"cannot write {folder.record_file}: {error.strerror}") from error
