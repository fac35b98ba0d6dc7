"""A service of this machine, looked at now."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator

from rankzero.agent.logs.reader import LogReader
from rankzero.backends.local.services import judging, probing
from rankzero.backends.local.services.changes import Changes
from rankzero.backends.local.services.folder import ServiceFolder, Services
from rankzero.backends.local.services.judging import Look
from rankzero.backends.local.services.keeper import MARK, RANK
from rankzero.backends.local.services.record import Record, Version
from rankzero.backends.places import near
from rankzero.backends.services import model
from rankzero.errors import BadRequest, Refused
from rankzero.spec.names import fault
from rankzero.spec.services.model import Service

#: How many of its lines explain why it ended.
_LINES = 12
#: Whether somebody answers on a port is told by nobody: it is asked so often (seconds), at first
#: more often.
FIRST, LAST = 0.05, 1.0


def folder_of(services: Services, name: str) -> ServiceFolder:
    """Errors: BadRequest where there is no such service on this machine."""
    if fault(name):
        raise BadRequest(f'"{name}" is no name of a service.', "See them: rankzero serve list")
    folder = services.folder(name)
    if not folder.exists:
        meant = near(name, [one.name for one in services])
        text = f'There is no service "{name}" on this machine.{meant}'
        raise BadRequest(text, "See them all: rankzero serve list")
    return folder


def look(folder: ServiceFolder) -> Look:
    """Errors: Refused where it cannot be read."""
    record = folder.record()
    kept = folder.kept()
    state = folder.state() if kept else None
    path, port = record.version.request.get("ready"), record.listens_on
    runs = state is not None and state.started is not None
    wrong = "it is not started" if port is None or not runs else probing.fault(port, path)
    ended = state is not None and state.code is not None
    lines = last_lines(folder, _LINES, state.began) if state is not None and ended else ()
    return Look(record, kept, state, wrong, lines, platform.node() or "here", time.time())


def looks(folder: ServiceFolder) -> Iterator[Look]:
    """Again and again, whenever something may have changed, until there is no such service."""
    pause = FIRST
    with Changes(folder.path) as changes:
        while folder.exists:
            try:
                yield look(folder)
            except Refused:
                if folder.exists:
                    raise
                return
            changes.wait(pause)
            pause = min(2 * pause, LAST)


def last_lines(folder: ServiceFolder, most: int, since: float = 0.0) -> tuple[str, ...]:
    """What it wrote last, as far as it is kept; not what its keeper says between. since: nothing
    of starts before then (epoch seconds)."""
    reader = LogReader(str(folder.logs))
    offset, text = reader.offset_tail(RANK, most, final=True), ""
    while (chunk := reader.read(RANK, offset, final=True)).data:
        offset = chunk.next
        if chunk.time >= since:
            text += chunk.data.decode("utf-8", "backslashreplace").removesuffix("\n") + "\n"
    said = [line for line in text.splitlines() if not line.startswith(MARK)]
    return tuple(said[-most:])


def service(folder: ServiceFolder) -> model.Service:
    """As it is shown. Errors: Refused."""
    return shown(look(folder))


def shown(seen: Look) -> model.Service:
    """Errors: Refused for one that another release made."""
    return judging.service(seen, request(seen.record))


def request(record: Record) -> Service:
    """What the version that is to serve was asked to be. Errors: Refused for one that another
    release made."""
    return asked_of(record.name, record.version)


def asked_of(name: str, version: Version) -> Service:
    """What a version was asked to be. Errors: Refused for one that another release made."""
    try:
        return Service.model_validate_json(json.dumps(version.request))
    except ValueError as error:
        raise Refused(
            f"what was asked for of {name} cannot be read by this release: {error}",
            f"Deploy it anew: rankzero serve delete {name}, then rankzero serve deploy",
        ) from error
