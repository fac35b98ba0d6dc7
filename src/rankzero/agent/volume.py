"""`python agent.zip volume VERB ROOT [PATH]`: what is done with a volume, where it is mounted.

`give` serves what lies at PATH in it, see `agent.outputs`. `take` fetches from the other side, see
`agent.fetch`, and says last

    {"kind": "done", "done": S, "total": S, "files": N, "whole": N, "skipped": []}
    {"kind": "failed", "error": ..., "full": true, "path": ..., "size": S, "there": S, "files": N,
     "whole": N, "free": S}     or {"kind": "refused", "why": ...}, {"kind": "changed", "path": ...}

(the first progress comes before, as `missing`). `prove` writes a file, reads it back, and takes it
away: {"kind": "proven", "free": S} or failed. PATH is never left: a link on the volume that leads
out of it is refused.
"""

import contextlib
import errno
import json
import os
import secrets
import sys
from typing import Any, Dict, List, Optional

from rankzero.agent import exits, outputs
from rankzero.agent.fetch import Changed, Fetch, Progress, Unwritable
from rankzero.agent.wire.lost import Lost

_FULL = (errno.ENOSPC, errno.EDQUOT)
_BLOCK = 1024 * 1024


class Outside(Exception):
    """A path would leave the volume."""


def main(words: List[str]) -> int:
    """The exit code is from `exits`."""
    verb, root, rest = words[0], words[1], words[2:]
    if verb == "prove":
        return _prove(root)
    try:
        path = inside(root, rest[0])
    except Outside as error:
        _say({"kind": "refused", "why": str(error)})
        return exits.REFUSED
    if verb == "give":
        out = outputs.Out()
        return outputs.Server(path, out, follows=False).serve(out.questions())
    return _take(path)


def inside(root: str, path: str) -> str:
    """Where a path in the volume lies; with a `/` at its end where it had one. Errors: Outside."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Outside("%s: a path in a volume has no `..`" % path)
    whole = os.path.join(root, *parts)
    top, there = os.path.realpath(root), os.path.realpath(whole)
    if there != top and not there.startswith(top.rstrip("/") + "/"):
        raise Outside("%s leads out of the volume, to %s" % (path, there))
    return there + "/" if path.endswith("/") and not os.path.isfile(there) else there


class Pipes:
    """Our stdin and stdout, as `agent.fetch` talks."""

    def send(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def receive(self, timeout: Optional[float]) -> bytes:
        block = os.read(0, _BLOCK)
        if not block:
            raise Lost("the other side has ended")
        return block


def _take(path: str) -> int:
    work = Fetch(Pipes(), path)
    told = Progress(0, 0, 0)
    try:
        for at, told in enumerate(work.items()):
            if at == 0:
                work.say(dict(told._asdict(), kind="missing"))
        work.say(dict(told._asdict(), kind="done"))
        return exits.DONE
    except Lost:
        return exits.REFUSED  # whoever it was will come again
    except Changed as changed:
        end: Dict[str, Any] = {"kind": "changed", "path": str(changed)}
    except Unwritable as failed:
        part = {"path": failed.name, "size": failed.size, "there": failed.there}
        end = dict(_failed(failed.error, path), **part)
    except OSError as error:
        end = _failed(error, path)
    work.say(dict(told._asdict(), **end))
    # What is under way comes to its end: else the last word could be lost with the connection.
    with contextlib.suppress(OSError):
        while os.read(0, _BLOCK):
            pass
    return exits.REFUSED


def _failed(error: OSError, path: str) -> Dict[str, Any]:
    full = error.errno in _FULL
    return {
        "kind": "failed",
        "error": error.strerror or str(error),
        "file": str(error.filename or ""),
        "full": full,
        "free": free(path),
    }


def _prove(root: str) -> int:
    path = os.path.join(root, ".rankzero-proof-" + secrets.token_hex(8))
    word = secrets.token_bytes(4096)
    try:
        with open(path, "wb") as file:
            file.write(word)
            file.flush()
            os.fsync(file.fileno())
        with open(path, "rb") as file:
            same = file.read() == word
        os.unlink(path)
        if not same:
            raise OSError(errno.EIO, "it gives back something else than was written")
    except OSError as error:
        _say(_failed(error, root))
        return exits.REFUSED
    _say({"kind": "proven", "free": free(root)})
    return exits.DONE


def free(path: str) -> int:
    """Bytes that are left on a path's file system for one who is not root; -1: nobody knows."""
    while path and not os.path.exists(path):
        path = os.path.dirname(path.rstrip("/"))
    try:
        status = os.statvfs(path or "/")
    except OSError:
        return -1
    return status.f_bavail * status.f_frsize


def _say(message: Dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
