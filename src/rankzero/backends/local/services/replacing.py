"""A version of a service of this machine in the place of another one: that one ends first, since
one port serves one program, and begins again where the new one cannot even be started."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple

from rankzero.agent.ports import Claim
from rankzero.backends.local import facts
from rankzero.backends.local.services import looking, planning, ports, starting, taking
from rankzero.backends.local.services.folder import ServiceFolder, Services
from rankzero.backends.local.services.judging import READY
from rankzero.backends.local.services.record import Record, Version
from rankzero.backends.services.model import Changed
from rankzero.errors import BadRequest, Refused
from rankzero.serving.settings import TOKEN
from rankzero.spec.services.model import Service

#: What is said of a version that is started as it was.
_AGAIN = "started again"


class New(NamedTuple):
    """A version that is to be. what: what is new in it, in words; archive: a predictor's code,
    where it was taken anew. idle: it is noted, and not started."""

    version: Version
    what: tuple[str, ...]
    archive: bytes | None = None
    idle: bool = False


def first(services: Services, name: str, new: New, owner: str) -> Changed:
    """Where there is no service of this name. Errors: Refused."""
    return _put(services, Record(name, time.time(), owner, None, True, 0, ()), new, serves=False)


def replace(services: Services, before: Record, new: New) -> Changed:
    """Errors: Refused; what served until then serves again."""
    return _put(services, before, new, serves=services.folder(before.name).kept())


def again(services: Services, record: Record) -> Changed:
    """Start what is there as it is; nothing of it runs. Errors: Refused."""
    _go(services, services.folder(record.name), record)
    return Changed(record.current, 0, (_AGAIN,), looking.request(record).wait)


def unchanged(record: Record) -> Changed:
    return Changed(record.current, record.current, (), looking.request(record).wait)


# -- inside


def _put(services: Services, before: Record, new: New, *, serves: bool) -> Changed:
    """serves: whether there is something that has to end."""
    folder = services.folder(before.name)
    asked = looking.asked_of(before.name, new.version)
    number = before.current if serves and looking.service(folder).state == READY else 0
    _room(asked, before if serves else None)
    _place(asked, new)
    _lay(folder, asked, new.archive)
    after = before.with_version(new.version)._replace(wanted=not new.idle)
    if serves:
        folder.note(before)  # a full disk is to say so before anything is ended
    try:
        if serves:
            starting.stop(folder)
        _go(services, folder, after)
    except BaseException:  # also Ctrl-C: what served is to go on
        if serves:
            starting.stop(folder)
            _go(services, folder, before)
        raise
    taking.prune(folder.code, _digests(after, "code"))
    taking.prune(folder.models, _digests(after, "weights"))
    return Changed(after.current, number, new.what, asked.wait)


def _go(services: Services, folder: ServiceFolder, record: Record) -> None:
    """Note it, and start what it says. Errors: Refused."""
    if not record.wanted:
        folder.note(record)
        return
    with contextlib.closing(_claimed(services, record)) as claim:
        folder.note(record._replace(port=record.port or claim.port))
        starting.keep_token(folder, os.environ.get(TOKEN))
        version, asked = record.version, looking.request(record)
        place, machine = Path(version.workdir), facts.gather()
        made = planning.process(folder, asked, place, version.python, claim.port, machine)
        starting.start(folder, made, claim)


def _claimed(services: Services, record: Record) -> Claim:
    """Its port, against all others who look for one. Errors: Refused."""
    if record.listens_on is not None:
        return ports.claim(record.name, record.listens_on)
    return ports.choose(planning.taken_ports(services, record.name))


def _place(asked: Service, new: New) -> None:
    """Before anything is ended: a command needs its folder. Errors: BadRequest."""
    if asked.predictor is None and not new.idle and not Path(new.version.workdir).is_dir():
        raise BadRequest(
            f"the folder {new.version.workdir}, in which {asked.name} runs, is gone; nothing was "
            "changed.",
            "Bring it back, or deploy it anew from another one: rankzero serve deploy",
        )


def _room(asked: Service, serving: Record | None) -> None:
    """Before anything is ended: a port that was said must be free, or be its own. Errors:
    Refused."""
    if asked.port is not None and (serving is None or serving.listens_on != asked.port):
        ports.claim(asked.name, asked.port).close()


def _lay(folder: ServiceFolder, asked: Service, archive: bytes | None) -> None:
    """Errors: Refused."""
    try:
        folder.path.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise Refused(f"cannot make {folder.path}: {error.strerror}") from error
    if archive is not None and asked.code is not None:
        taking.lay(folder.code, asked.code.digest, archive)
    if asked.weights is not None and asked.model is not None and Path(asked.model).is_absolute():
        taking.keep_model(folder.models, Path(asked.model), asked.weights.digest)


def _digests(record: Record, what: str) -> set[str]:
    sent = [one.request.get(what) for one in record.versions]
    return {one["digest"] for one in sent if one}
