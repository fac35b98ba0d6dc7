"""A folder here sent far away: what is not there is asked for by the other side, checked there, and
goes on where a cut connection left off.

The other side is `agent.volume take`, ours `agent.outputs`.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rankzero.agent.outputs import Server
from rankzero.backends.base import Fetching
from rankzero.backends.fetching import TRIES
from rankzero.backends.viewer import Lost, Stream
from rankzero.errors import BadRequest, Refused
from rankzero.why.words import count, size

#: How long the other side may say nothing while it has all that it asked for (seconds): it may
#: have to read, for the digest, what came before.
_SILENCE = 300.0
#: How long its last word may take once nothing can be sent to it any more (seconds).
_LAST_WORD = 5.0
#: So much is sent at once: a frame of its own for each line would cost more than the line.
_BLOCK = 256 * 1024

Say = Callable[[Fetching], None]
Message = Mapping[str, Any]


class Short(Refused):
    """The volume took a part. said: what the other side says of it."""

    def __init__(self, text: str, hint: str, said: Message) -> None:
        super().__init__(text, hint)
        self.said = said


def put(
    dial: Callable[[], Stream], source: Path, name: str, tell: Say
) -> tuple[Fetching, list[str]]:
    """Send a file or a folder's content; how much is there then, and what was not sent: links that
    lead out of the folder, and what is neither file nor folder. name: of the volume, for people.

    Errors: BadRequest, Refused; what has come stays, and the next call goes on from there.
    """
    if not source.exists():
        raise BadRequest(f"there is no {source}; nothing was sent.")
    done, tries, why = -1, 0, ""
    while tries < TRIES:
        work: _Giving | None = None
        try:
            with contextlib.closing(dial()) as stream:
                work = _Giving(stream, source, tell)
                return work.run(), work.skipped
        except Lost as lost:
            why = str(lost)
        except _Changed as changed:
            why = f"{changed} changes while it is sent"
        except _Failed as failed:
            raise _short(name, source, failed.said) from None
        came = work.done if work else -1
        done, tries = max(done, came), 0 if came > done else tries + 1
    raise Refused(
        f"cannot send {source} to {name}: {why}", "What has come so far is there; try again."
    )


class _Changed(Exception):
    """A file was written to meanwhile, or a part over there is of another one."""


class _Failed(Exception):
    def __init__(self, said: Message) -> None:
        super().__init__(str(said))
        self.said = said


class _Source(Server):
    """What is here, without what links lead out to."""

    def __init__(self, folder: str, to: _Giving) -> None:
        super().__init__(folder, to, follows=False)
        self._to = to

    def _say(self, message: dict[str, Any]) -> None:
        self._to.line(json.dumps(message).encode("ascii") + b"\n")


class _Giving:
    """One connection's worth. done: bytes that are there."""

    def __init__(self, stream: Stream, source: Path, tell: Say) -> None:
        self._stream, self._source, self._tell = stream, source, tell
        self._heard: queue.SimpleQueue[Message | Lost] = queue.SimpleQueue()
        self._last: Message | Lost | None = None
        self._buffer = bytearray()
        self._total, self._files, self.done = 0, 0, -1
        self.skipped: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)

    def run(self) -> Fetching:
        """Errors: Lost, _Changed, _Failed, Refused."""
        self._reader.start()
        try:
            server = _Source(str(self._source), self)
            server.serve(self._questions())
            self.skipped = server.skipped
            return Fetching(self.done, self._total, self._files)
        finally:
            self._stream.cut()

    # -- as a file, for the server

    def write(self, data: bytes) -> int:
        """Of a file's content."""
        self.line(data)
        self.done = min(self.done + len(data), self._total)
        self._tell(Fetching(self.done, self._total, self._files))
        return len(data)

    def line(self, data: bytes) -> None:
        """What stands between contents, or a piece of one."""
        if self._last is not None:  # nobody writes it down any more
            self._end(self._last)
        self._buffer += data
        if len(self._buffer) >= _BLOCK:
            self._send()

    def flush(self) -> None:
        """Not yet: what is small goes together, when there is no question left that is known."""

    def _send(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()
        if data:
            try:
                self._stream.send(data)
            except Lost:  # that nothing goes any more says less than why
                self._reader.join(_LAST_WORD)
                if self._last is not None:
                    self._end(self._last)
                raise

    # -- what the other side says

    def _questions(self) -> Iterator[bytes]:
        while True:
            message = self._next()
            kind = message.get("kind")
            if kind == "missing":
                self._total, self._files = int(message["total"]), int(message["files"])
                self.done = int(message["done"])
                self._tell(Fetching(self.done, self._total, self._files))
            elif kind == "done":
                self.done = int(message["done"])
                self._tell(Fetching(self.done, self._total, self._files))
                return
            elif kind is None:
                yield json.dumps(message).encode("ascii")
            else:
                self._end(message)

    def _next(self) -> Message:
        if self._heard.empty():
            self._send()
        try:
            heard = self._heard.get(timeout=_SILENCE)
        except queue.Empty:
            raise Lost(f"nothing came for {_SILENCE:g} s") from None
        if isinstance(heard, Lost):
            raise heard
        return heard

    def _end(self, message: Message | Lost) -> None:
        if isinstance(message, Lost):
            raise message
        if message["kind"] == "refused":
            raise BadRequest(f"{message['why']}; nothing was sent.")
        if message["kind"] == "changed":
            raise _Changed(message["path"])
        raise _Failed(message)

    def _read(self) -> None:
        """In a thread: the other side may have to say that its disk is full while we send."""
        rest = b""
        try:
            while True:
                *lines, rest = (rest + self._stream.receive(None)).split(b"\n")
                for line in lines:
                    self._take(line)
        except Lost as lost:
            self._last = self._last or lost
            self._heard.put(lost)

    def _take(self, line: bytes) -> None:
        with contextlib.suppress(ValueError):  # what else a pod's Python prints when it starts
            message = json.loads(line)
            if isinstance(message, dict):
                if message.get("kind") in ("failed", "refused", "changed"):
                    self._last = message
                self._heard.put(message)


def _short(name: str, source: Path, said: Message) -> Refused:
    """What came, what did not, and how it goes on."""
    whole = f"{said['whole']} of {count(said['files'], 'file')}"
    came = f"{whole} and {size(said['done'])} of {size(said['total'])} are there"
    where = said.get("path") or said.get("file") or str(source)
    part = ""
    if said.get("there"):
        part = f"; of {where} {size(said['there'])} of {size(said['size'])}, marked as a part"
    left = f"; {size(said['free'])} are left" if said.get("free", -1) >= 0 else ""
    if said["full"]:
        text = f"the volume {name} is full at {where}: {came}{part}{left}."
        return Short(text, "Make room, or take a larger one; the same command goes on there.", said)
    return Short(
        f"the volume {name} does not take {where} ({said['error']}): {came}{part}.",
        "May the helper write there? --user says who it is.",
        said,
    )
