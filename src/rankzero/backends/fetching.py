"""A folder far away brought here: whole files, checked, going on where a cut connection left off.

The other side is `agent.outputs`; the way there is whatever the caller dials.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rankzero.backends.base import Fetching
from rankzero.backends.viewer import Lost, Stream
from rankzero.errors import Refused

#: How often in a row a connection may be lost before a single byte has come.
_TRIES = 5
#: Files asked for ahead of the one that comes, so that small ones cost no way back and forth.
_AHEAD = 32
_LONGEST_LINE = 1024 * 1024
#: How long the other side may say nothing (seconds): it reads what came before, for the digest.
_SILENCE = 300.0

Entry = Mapping[str, Any]


class NoFolder(Refused):
    """There is no such folder on the other side."""


class _Changed(Exception):
    """A file is not what its digest says: it was written to meanwhile, or a part is of another."""


class Names:
    """Which names are given here already, where several nodes' folders become one."""

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}

    def local(self, path: str, node: str) -> str:
        """Where a node's file goes: what an earlier node has as well, below the later one's name,
        for neither may take the other's place."""
        owner = self._owner.setdefault(path, node)
        return path if owner == node else f"{node.replace('/', '-')}/{path}"


def fetch(
    dial: Callable[[], Stream], to: Path, node: str = "", names: Names | None = None
) -> Iterator[Fetching]:
    """Copy everything to a folder here; tells how far it has come. What is there already with the
    same size and time is not fetched again. node: whose folder it is.

    Errors: Refused, where this disk says no or the other side is gone; what has come stays, and
    the next call goes on from there. NoFolder where there is none.
    """
    fetched, tries = 0, 0
    while tries < _TRIES:
        try:
            stream = dial()
            with contextlib.closing(stream):
                for told in _Fetch(stream, to, node, names or Names()).items():
                    tries = 0 if told.done > fetched else tries
                    fetched = max(fetched, told.done)
                    yield told
            return
        except Lost as lost:
            tries, why = tries + 1, str(lost)
        except _Changed as changed:
            tries, why = tries + 1, f"{changed} changes while it is fetched"
        except OSError as error:
            raise Refused(f"cannot write to {to}: {error}") from error
    raise Refused(f"cannot fetch the outputs to {to}: {why}", "What has come so far is there.")


class _Fetch:
    """One connection's worth."""

    def __init__(self, stream: Stream, to: Path, node: str, names: Names) -> None:
        self._stream, self._to = stream, to
        self._node, self._names = node, names
        self._buffer = bytearray()

    def items(self) -> Iterator[Fetching]:
        """Errors: Lost, _Changed, OSError."""
        self._to.mkdir(parents=True, exist_ok=True)
        files = [entry for entry in self._entries() if self._place(entry)]
        total = sum(entry["size"] for entry in files)
        missing = [entry for entry in files if not self._is_here(entry)]
        starts = [(entry, self._start(entry)) for entry in missing]
        done = total - sum(entry["size"] - start for entry, start in starts)
        yield Fetching(done, total, len(files))
        waiting = iter(starts)
        asked: list[tuple[Entry, int]] = []
        for _ in range(_AHEAD):
            self._ask_next(waiting, asked)
        while asked:
            entry, start = asked.pop(0)
            for count in self._receive(entry, start):
                done += count
                yield Fetching(done, total, len(files))
            self._ask_next(waiting, asked)

    def _entries(self) -> Iterator[Entry]:
        while (entry := self._line()).get("kind") != "end":
            if entry["kind"] == "absent":
                raise NoFolder("there is no such folder.")
            yield entry

    def _place(self, entry: Entry) -> bool:
        """Make the folder or link of an entry; True for a file, which is to be fetched."""
        path = self._path(entry)
        if path is None or entry["kind"] == "file":
            return path is not None
        if entry["kind"] == "folder":
            path.mkdir(parents=True, exist_ok=True)
        elif _within(self._to, path.parent, entry["target"]) and not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(entry["target"])
        return False

    def _path(self, entry: Entry) -> Path | None:
        """Where it belongs here; None for what would lie outside: the other side is the user's
        script, and what it has written is not trusted."""
        name = str(entry["path"])
        if entry["kind"] != "folder":
            name = self._names.local(name, self._node)
        parts = name.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts):
            return None
        path = self._to.joinpath(*parts)
        return path if path.parent.resolve().is_relative_to(self._to.resolve()) else None

    def _is_here(self, entry: Entry) -> bool:
        path = self._path(entry)
        assert path is not None
        try:
            status = path.stat()
        except OSError:
            return False
        return (status.st_size, status.st_mtime) == (entry["size"], entry["mtime"])

    def _start(self, entry: Entry) -> int:
        """How much of it came before a connection was lost."""
        part = self._part(entry)
        size = part.stat().st_size if part.exists() else 0
        return size if size <= entry["size"] else 0

    def _ask_next(
        self, waiting: Iterator[tuple[Entry, int]], asked: list[tuple[Entry, int]]
    ) -> None:
        for entry, start in waiting:
            question = {"path": entry["path"], "from": start}
            self._stream.send(json.dumps(question).encode("ascii") + b"\n")
            asked.append((entry, start))
            return

    def _receive(self, entry: Entry, start: int) -> Iterator[int]:
        """The bytes of one file, as they come; counts them."""
        answer = self._line()
        if "error" in answer:
            raise _Changed(f"{entry['path']}: {answer['error']}")
        part, path = self._part(entry), self._path(entry)
        assert path is not None
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = _digest(part, start)
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            left = int(answer["size"]) - start
            while left > 0:
                block = self._bytes(left)
                file.write(block)
                digest.update(block)
                left -= len(block)
                yield len(block)
            file.truncate()
        if self._line().get("sha256") != digest.hexdigest():
            part.unlink()
            raise _Changed(str(entry["path"]))
        os.utime(part, (entry["mtime"], entry["mtime"]))
        part.chmod(entry["mode"] & 0o777 | 0o600)
        part.replace(path)

    def _part(self, entry: Entry) -> Path:
        """Where it grows. Hidden, so that no pattern such as `*.bin` finds half a file."""
        path = self._path(entry)
        assert path is not None
        return path.with_name(f".{path.name}.rankzero-part")

    def _line(self) -> dict[str, Any]:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                raise Lost("what comes is no list of files")
            self._buffer += self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise Lost(f"what comes is no list of files: {error}") from error
        return found

    def _more(self) -> bytes:
        try:
            return self._stream.receive(_SILENCE)
        except TimeoutError as error:
            raise Lost(f"nothing came for {_SILENCE:g} s") from error

    def _bytes(self, most: int) -> bytes:
        if not self._buffer:
            self._buffer += self._more()
        block = bytes(self._buffer[:most])
        del self._buffer[:most]
        return block


def _digest(part: Path, start: int) -> Any:  # noqa: ANN401 - hashlib's type has no public name
    digest = hashlib.sha256()
    if start:
        with part.open("rb") as file:
            while block := file.read(min(1024 * 1024, start - file.tell())):
                digest.update(block)
    return digest


def _within(folder: Path, here: Path, target: str) -> bool:
    """Whether a link at `here` leads to something below the folder."""
    if os.path.isabs(target):  # noqa: PTH117 - of a path elsewhere
        return False
    there = Path(os.path.normpath(here.absolute() / target))
    return there.is_relative_to(folder.absolute())
