"""`python agent.zip outputs CONFIG`: the node's outputs, for one who fetches them from elsewhere.

`files FOLDER` does the same for any folder.

On stdout, one JSON object a line: first the entries,

    {"path": "models/a.bin", "kind": "file", "size": 5, "mtime": 1790000000.5, "mode": 420}
    {"path": "models", "kind": "folder", "mode": 493}
    {"path": "latest", "kind": "link", "target": "models/a.bin"}
    {"kind": "end", "skipped": ["socket"]}      or {"kind": "absent"}: there is no such folder

(a single file that was named alone has `"single": true`)

then, for each `{"path": ..., "from": N}` on stdin, in that order,

    {"path": ..., "size": S}     S - N bytes follow, raw, and then a line with the sha256 of all S
    {"path": ..., "error": ...}  and nothing

until stdin ends. Whoever lost the connection asks again from where it was, and the digest tells
whether the two parts are of one file.
"""

import hashlib
import io
import json
import os
import stat
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List

from rankzero.agent import exits
from rankzero.agent.config import AgentConfig
from rankzero.agent.worded import in_words

_BLOCK = 256 * 1024


def main(config: AgentConfig) -> int:
    """Serve the node's own."""
    return serve(config.outputs)


def serve(folder: str) -> int:
    """Until nobody asks any more."""
    out = Out()
    return Server(folder, out).serve(out.questions())


class Out:
    """Our stdout, for whom what is small goes together: it is written when a lot has gathered, and
    when there is no question left that is known."""

    def __init__(self) -> None:
        self._out = io.BufferedWriter(io.FileIO(1, "wb", closefd=False), _BLOCK)

    def write(self, data: bytes) -> int:
        return self._out.write(data)

    def flush(self) -> None:
        """Not yet: see `questions`."""

    def questions(self) -> Iterator[bytes]:
        """The lines of stdin."""
        rest = b""
        while True:
            self._out.flush()
            block = os.read(0, _BLOCK)
            if not block:
                return
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                yield line


class Server:
    """Gives regular files below a folder, or a single one.

    follows: a link that leads out of the folder is given as what it leads to, so that nothing
    depends on where it was; else it is skipped, for whoever made it may not mean us to read that.
    """

    def __init__(self, folder: str, out: Any, follows: bool = True) -> None:
        self._folder, self._out, self._follows = os.path.realpath(folder), out, follows
        self._single = os.path.isfile(self._folder)
        if self._single:
            self._folder, self._only = os.path.split(self._folder)
        self._files: Dict[str, str] = {}
        self.skipped: List[str] = []

    def serve(self, questions: Iterable[bytes]) -> int:
        if not os.path.isdir(self._folder):
            self._say({"kind": "absent"})
            self._out.flush()
            for _ in questions:  # what was said is on its way
                pass
            return exits.REFUSED
        skipped = self.skipped
        single = [os.path.join(self._folder, self._only)] if self._single else None
        for path in single or _walk(self._folder):
            entry = self._entry(path)
            if entry is None:
                skipped.append(self._name(path))
            else:
                self._say(entry)
        self._say({"kind": "end", "skipped": skipped})
        self._out.flush()
        for line in questions:
            asked = json.loads(line)
            self._give(str(asked["path"]), int(asked.get("from", 0)))
            self._out.flush()
        return exits.DONE

    def _entry(self, path: str) -> Any:
        """What there is at a path; None for what is neither file nor folder nor link to one."""
        name = self._name(path)
        if os.path.islink(path) and self._stays(path):
            return {"path": name, "kind": "link", "target": os.readlink(path)}
        if os.path.islink(path) and not self._follows:
            return None
        try:
            status = os.stat(path)
        except OSError:
            return None
        mode = stat.S_IMODE(status.st_mode) & 0o777
        if stat.S_ISDIR(status.st_mode):
            return None if os.path.islink(path) else {"path": name, "kind": "folder", "mode": mode}
        if not stat.S_ISREG(status.st_mode):
            return None
        self._files[name] = path
        size, mtime = status.st_size, status.st_mtime
        entry = {"path": name, "kind": "file", "size": size, "mtime": mtime, "mode": mode}
        return dict(entry, single=True) if self._single else entry

    def _stays(self, path: str) -> bool:
        """Whether a link, read where it lies, leads to something below the folder."""
        target = os.readlink(path)
        if os.path.isabs(target):
            return False
        there = os.path.normpath(os.path.join(os.path.dirname(path), target))
        inside = there.startswith(self._folder + os.sep) and os.path.exists(path)
        # A link on the way there may lead out as well.
        return inside and (
            self._follows or os.path.realpath(path).startswith(self._folder + os.sep)
        )

    def _give(self, name: str, start: int) -> None:
        digest = hashlib.sha256()
        size, given, promised = 0, 0, False
        try:
            with open(self._files[name], "rb") as file:
                size = os.fstat(file.fileno()).st_size
                for block in _blocks(file, min(start, size)):
                    digest.update(block)
                given = file.tell()
                promised = True
                self._say({"path": name, "size": size})
                for block in _blocks(file, size - given):
                    digest.update(block)
                    self._out.write(block)
                    given += len(block)
        except (KeyError, OSError) as error:
            if not promised:
                self._say({"path": name, "error": in_words(error)})
                return
        # It has shrunk since, or cannot be read any further: the bytes that were promised come,
        # and the digest fits nothing.
        while given < size:
            given += self._out.write(bytes(min(_BLOCK, size - given)))
        self._say({"path": name, "sha256": digest.hexdigest()})

    def _name(self, path: str) -> str:
        """Below the folder. A name that is no UTF-8 travels as the system spells it."""
        return os.path.relpath(path, self._folder)

    def _say(self, message: Dict[str, Any]) -> None:
        self._out.write(json.dumps(message).encode("ascii") + b"\n")


def _walk(folder: str) -> Iterator[str]:
    """Every path below, folders before what is in them."""
    for here, inner, files in os.walk(folder):
        inner.sort()
        for name in sorted([*files, *inner]):
            yield os.path.join(here, name)


def _blocks(file: BinaryIO, count: int) -> Iterator[bytes]:
    """The next so many bytes, or fewer where the file ends."""
    while count > 0:
        block = file.read(min(_BLOCK, count))
        if not block:
            return
        count -= len(block)
        yield block
