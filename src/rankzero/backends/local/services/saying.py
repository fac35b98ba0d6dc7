"""What a service of this machine wrote."""

from __future__ import annotations

from collections.abc import Iterator

from rankzero.agent.logs.reader import LogReader
from rankzero.backends.local.services.changes import Changes
from rankzero.backends.local.services.folder import ServiceFolder
from rankzero.backends.local.services.keeper import RANK
from rankzero.backends.services.model import Asked, Line
from rankzero.errors import BadRequest


def lines(folder: ServiceFolder, asked: Asked) -> Iterator[Line]:
    """Over all its starts. Errors: BadRequest for what only a cluster keeps apart."""
    name = folder.name
    if asked.pod not in (None, name):
        raise BadRequest(f"{name} is one process on this machine, and has no pods.")
    if asked.previous:
        raise BadRequest(f"the log of {name} goes on over its starts: leave out --previous.")
    reader = LogReader(str(folder.logs))
    offset = 0
    if asked.tail is not None:
        offset = reader.offset_tail(RANK, asked.tail, final=not asked.follow)
    with Changes(folder.path, folder.logs) as changes:
        while True:
            chunk = reader.read(RANK, offset, final=not asked.follow)
            offset = chunk.next
            for line in chunk.data.removesuffix(b"\n").split(b"\n") if chunk.data else ():
                yield name, line.decode("utf-8", "backslashreplace")
            if not chunk.data:
                if not asked.follow or not folder.exists:
                    return
                changes.wait()
