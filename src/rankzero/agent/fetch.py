"""One side of a folder on its way: what is missing here is asked for, and written.

The other side is `agent.outputs`, which says what there is and answers questions. Outputs come
home so, a volume gives a folder so, and gets one, with the sides changed. A file grows under a
hidden name beside its own, and has that name only when it is whole; whoever lost the connection
goes on from there.
"""

import hashlib
import itertools
import json
import os
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from rankzero.agent.wire.lost import Lost

#: Files asked for ahead of the one that comes, so that small ones cost no way back and forth.
_AHEAD = 64
_LONGEST_LINE = 1024 * 1024
#: How long the other side may say nothing (seconds): it reads what came before, for the digest.
_SILENCE = 300.0
_BLOCK = 1024 * 1024

Entry = Mapping[str, Any]


class Absent(Exception):
    """There is no such folder on the other side."""


class Refused(Exception):
    """The other side says why it gives nothing."""


class Changed(Exception):
    """A file is not what its digest says: it was written to meanwhile, or a part is of another."""


class Unwritable(Exception):
    """The disk here refuses a file, whose part stays. name: the file; size: its whole size; there:
    how much of it is here."""

    def __init__(self, error: OSError, name: str, size: int, there: int) -> None:
        super().__init__(str(error))
        self.error, self.name, self.size, self.there = error, name, size, there


class Progress(NamedTuple):
    """done and total in bytes, of so many files, of which some are whole here."""

    done: int
    total: int
    files: int
    whole: int = 0


class Names:
    """Which names are given here already, where several nodes' folders become one."""

    def __init__(self) -> None:
        self._owner: Dict[str, str] = {}

    def local(self, path: str, node: str) -> str:
        """Where a node's file goes: what an earlier node has as well, below the later one's name,
        for neither may take the other's place."""
        owner = self._owner.setdefault(path, node)
        return path if owner == node else "%s/%s" % (node.replace("/", "-"), path)


class Fetch:
    """One connection's worth. stream: has `send` and `receive`, see `backends.viewer.Stream`.

    skipped: what the other side does not give, once it is known.
    """

    def __init__(self, stream: Any, to: str, node: str = "", names: Optional[Names] = None) -> None:
        """to: where a folder's content goes; of a single file its new name, or the folder that it
        goes into. node, names: whose folder it is, where several become one."""
        self._stream, self._to = stream, to
        self._node, self._names = node, names or Names()
        self._buffer = bytearray()
        self._single = False
        self.skipped: List[str] = []

    def items(self) -> Iterator[Progress]:
        """How far it has come. Errors: Absent, Refused, Lost, Changed, Unwritable, OSError."""
        files = [entry for entry in self._entries() if self._place(entry)]
        total = sum(entry["size"] for entry in files)
        missing = [entry for entry in files if not self._is_here(entry)]
        starts = [(entry, self._start(entry)) for entry in missing]
        done = total - sum(entry["size"] - start for entry, start in starts)
        whole = len(files) - len(missing)
        yield Progress(done, total, len(files), whole)
        waiting = iter(starts)
        asked: List[Tuple[Entry, int]] = []
        self._ask(waiting, asked)
        while asked:
            entry, start = asked.pop(0)
            for count in self._receive(entry, start):
                done += count
                yield Progress(done, total, len(files), whole)
            whole += 1
            self._ask(waiting, asked)
        yield Progress(done, total, len(files), whole)

    def say(self, message: Mapping[str, Any]) -> None:
        self._stream.send(json.dumps(message).encode("ascii") + b"\n")

    def _entries(self) -> Iterator[Entry]:
        entry = self._line()
        while entry["kind"] != "end":
            if entry["kind"] == "absent":
                raise Absent("there is no such folder")
            if entry["kind"] == "refused":
                raise Refused(str(entry["why"]))
            yield entry
            entry = self._line()
        self.skipped = [str(one) for one in entry.get("skipped", ())]
        if not self._single and not os.path.lexists(self._to):
            os.makedirs(self._to)

    def _place(self, entry: Entry) -> bool:
        """Make the folder or link of an entry; True for a file, which is to be fetched."""
        if entry.get("single"):
            self._single = True
            self._make_room()
        elif not os.path.isdir(self._to):
            os.makedirs(self._to)
        path = self._path(entry)
        if path is None or entry["kind"] == "file":
            return path is not None
        if entry["kind"] == "folder":
            os.makedirs(path, exist_ok=True)
        elif not os.path.lexists(path) and _within(self._to, path, entry["target"]):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(entry["target"], path)
        return False

    def _make_room(self) -> None:
        """For a single file: the folder that is named, or the one that the named file is in."""
        folder = self._to if self._to.endswith("/") else os.path.dirname(self._to)
        os.makedirs(folder or ".", exist_ok=True)

    def _path(self, entry: Entry) -> Optional[str]:
        """Where it belongs here; None for what would lie outside: the other side is not trusted."""
        name = str(entry["path"])
        if entry["kind"] != "folder":
            name = self._names.local(name, self._node)
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            return None
        if entry.get("single") and not os.path.isdir(self._to):
            return self._to
        path = os.path.join(self._to, *parts)
        return path if _is_below(os.path.dirname(path), self._to) else None

    def _is_here(self, entry: Entry) -> bool:
        try:
            status = os.stat(self._certain(entry))
        except OSError:
            return False
        return (status.st_size, status.st_mtime) == (entry["size"], entry["mtime"])

    def _start(self, entry: Entry) -> int:
        """How much of it came before a connection was lost."""
        try:
            size = os.lstat(self._part(entry)).st_size
        except OSError:
            return 0
        return size if size <= entry["size"] else 0

    def _ask(self, waiting: Iterator[Tuple[Entry, int]], asked: List[Tuple[Entry, int]]) -> None:
        """For many at a time: a message of its own for each would cost more than a small file."""
        if len(asked) > _AHEAD // 2:
            return
        more = list(itertools.islice(waiting, _AHEAD - len(asked)))
        asked += more
        questions = [{"path": entry["path"], "from": start} for entry, start in more]
        lines = b"".join(json.dumps(one).encode("ascii") + b"\n" for one in questions)
        if lines:
            self._stream.send(lines)

    def _receive(self, entry: Entry, start: int) -> Iterator[int]:
        """The bytes of one file, as they come; counts them."""
        answer = self._line()
        if "error" in answer:
            raise Changed("%s: %s" % (entry["path"], answer["error"]))
        part, path = self._part(entry), self._certain(entry)
        left = int(answer["size"]) - start
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            digest = _digest(part, start)
            with open(_opened(part, start), "r+b", buffering=0) as file:
                file.seek(start)
                while left > 0:
                    block = self._bytes(left)
                    _write(file, block)
                    digest.update(block)
                    left -= len(block)
                    yield len(block)
                file.truncate()
        except OSError as error:
            raise self._unwritable(error, entry) from error
        if self._line().get("sha256") != digest.hexdigest():
            os.unlink(part)
            raise Changed(str(entry["path"]))
        try:
            os.utime(part, (entry["mtime"], entry["mtime"]))
            os.chmod(part, entry["mode"] & 0o777 | 0o600)
            os.replace(part, path)
        except OSError as error:
            raise self._unwritable(error, entry) from error

    def _unwritable(self, error: OSError, entry: Entry) -> Unwritable:
        return Unwritable(error, str(entry["path"]), int(entry["size"]), self._start(entry))

    def _part(self, entry: Entry) -> str:
        """Where it grows. Hidden, so that no pattern such as `*.bin` finds half a file."""
        folder, name = os.path.split(self._certain(entry))
        return os.path.join(folder, ".%s.rankzero-part" % name)

    def _certain(self, entry: Entry) -> str:
        path = self._path(entry)
        assert path is not None, "what would lie outside is no file that is fetched"
        return path

    def _line(self) -> Dict[str, Any]:
        end = self._buffer.find(b"\n")
        while end < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise Lost("what comes is no list of files")
            self._buffer += self._more()
            end = self._buffer.find(b"\n")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            found: Dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise Lost("what comes is no list of files: %s" % error) from error
        return found

    def _more(self) -> bytes:
        try:
            block: bytes = self._stream.receive(_SILENCE)
        except TimeoutError as error:
            raise Lost("nothing came for %g s" % _SILENCE) from error
        return block

    def _bytes(self, most: int) -> bytes:
        if not self._buffer:
            self._buffer += self._more()
        block = bytes(self._buffer[:most])
        del self._buffer[:most]
        return block


def _opened(part: str, start: int) -> int:
    """A link that somebody has put there leads nowhere: it is not followed."""
    fresh = 0 if start else os.O_TRUNC
    return os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | fresh, 0o600)


def _write(file: Any, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def _digest(part: str, start: int) -> Any:
    digest = hashlib.sha256()
    if start:
        with open(part, "rb") as file:
            left = start
            while left > 0:
                block = file.read(min(_BLOCK, left))
                if not block:
                    break
                digest.update(block)
                left -= len(block)
    return digest


def _is_below(path: str, folder: str) -> bool:
    """Whether it lies there, links followed."""
    here, there = os.path.realpath(folder), os.path.realpath(path)
    return there == here or there.startswith(here.rstrip("/") + "/")


def _within(folder: str, path: str, target: str) -> bool:
    """Whether a link at this path leads to something below the folder."""
    if os.path.isabs(target):
        return False
    there = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(path)), target))
    return there.startswith(os.path.abspath(folder).rstrip("/") + "/")
