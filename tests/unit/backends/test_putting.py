"""A folder sent away: the agent's side over a way that can be cut, and all that it may say."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.fetch import Fetch
from rankzero.backends.base import Fetching
from rankzero.backends.moving import sent
from rankzero.backends.putting import Short, put
from rankzero.backends.viewer import Lost
from rankzero.errors import BadRequest, Refused


class Way:
    """A socket's end, which loses the connection after it has sent so many bytes."""

    def __init__(self, end: socket.socket, after: int | None = None) -> None:
        self._end, self._left = end, after

    def send(self, data: bytes) -> None:
        try:
            if self._left is not None and len(data) > self._left:
                self._end.sendall(data[: self._left])
                self.cut()
                raise Lost("cut")
            self._end.sendall(data)
        except OSError as error:
            raise Lost("cut") from error
        if self._left is not None:
            self._left -= len(data)

    def receive(self, timeout: float | None) -> bytes:
        try:
            data = self._end.recv(65536)
        except OSError as error:
            raise Lost("cut") from error
        if not data:
            raise Lost("cut")
        return data

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._end.close()


class Taking(Way):
    """The way to a folder, where the agent's `volume take` is in a thread."""

    def __init__(self, to: Path, after: int | None = None) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(ours, after)
        self._work = Fetch(Way(self._theirs), str(to))
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        with self._theirs, contextlib.suppress(Lost):
            for at, told in enumerate(self._work.items()):
                if at == 0:
                    self._work.say({"kind": "missing", **told._asdict()})
            self._work.say({"kind": "done", **told._asdict()})

    def close(self) -> None:
        super().close()
        self._thread.join()


class Saying(Way):
    """The other side says these lines, and takes what it is sent. stays: it does not end then."""

    def __init__(self, *lines: Any, stays: bool = False) -> None:
        ours, self._theirs = socket.socketpair()
        super().__init__(ours)
        texts = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
        self._theirs.sendall(b"".join(text + b"\n" for text in texts))
        if not stays:
            self._theirs.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        super().close()
        self._theirs.close()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    (folder / "models" / "empty").mkdir(parents=True)
    (folder / "models" / "a.bin").write_bytes(os.urandom(600_000))
    (folder / "b").write_bytes(b"b")
    (folder / "run.sh").write_text("echo")
    (folder / "run.sh").chmod(0o755)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def quiet(_: Fetching) -> None:
    """What came is looked at by itself."""


def test_all_of_it_goes_as_it_is_and_is_counted(here: Path, tmp_path: Path) -> None:
    told: list[Fetching] = []
    moved = sent(lambda: Taking(tmp_path / "to"), here, "data", "/x", told.append)

    assert files(tmp_path / "to") == files(here)
    assert (tmp_path / "to" / "models" / "empty").is_dir()
    assert (tmp_path / "to" / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (moved.files, moved.size, moved.to) == (3, 600_005, "data:/x")
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1] == Fetching(600_005, 600_005, 3)


def test_what_is_there_already_is_not_sent_again(here: Path, tmp_path: Path) -> None:
    put(lambda: Taking(tmp_path / "to"), here, "data", quiet)
    told: list[Fetching] = []
    put(lambda: Taking(tmp_path / "to"), here, "data", told.append)

    assert {one.done for one in told} == {600_005}


def test_a_way_that_is_cut_is_taken_up_where_it_was(here: Path, tmp_path: Path) -> None:
    ways = iter((300_000, 300_000, None))
    starts: list[Fetching] = []

    def dial() -> Taking:
        starts.append(Fetching(-1, 0, 0))
        return Taking(tmp_path / "to", next(ways))

    put(dial, here, "data", starts.append)

    assert files(tmp_path / "to") == files(here)
    begins = [after.done for before, after in itertools.pairwise(starts) if before.done < 0]
    assert begins[0] == 0 and begins == sorted(begins) and begins[-1] > 0


def test_a_way_that_is_always_cut_is_given_up_and_what_came_stays(
    here: Path, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"cannot send .*here to data: cut") as raised:
        put(lambda: Taking(tmp_path / "to", 10), here, "data", quiet)
    assert "try again" in str(raised.value.hint)


def test_links_that_lead_out_are_left_out_and_named(here: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (here / "out").symlink_to(tmp_path / "secret")
    (here / "latest").symlink_to("models/a.bin")
    os.mkfifo(here / "pipe")
    _, skipped = put(lambda: Taking(tmp_path / "to"), here, "data", quiet)

    assert sorted(skipped) == ["out", "pipe"]
    assert (tmp_path / "to" / "latest").readlink() == Path("models/a.bin")
    assert not (tmp_path / "to" / "out").exists()


def test_what_is_not_here_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"there is no .*gone; nothing was sent"):
        put(lambda: pytest.fail("nobody is to be dialled"), tmp_path / "gone", "data", quiet)


FAILED = {
    "kind": "failed",
    "error": "No space left on device",
    "full": True,
    "path": "models/a.bin",
    "size": 600_000,
    "there": 1_000,
    "files": 3,
    "whole": 2,
    "done": 1_005,
    "total": 600_005,
    "free": 0,
}


@pytest.mark.parametrize(
    ("said", "text", "hint"),
    [
        ({}, r"data is full at models/a.bin: 2 of 3 files and .* marked as a part; 0 ", "room"),
        ({"free": -1}, r"is full at models/a.bin: .*marked as a part\.", "room"),
        ({"there": 0}, r"is full at models/a.bin: .* are there; 0 ", "room"),
        (
            {"full": False, "error": "Permission denied", "there": 0},
            r"does not take models/a.bin \(Permission denied\): 2 of 3 files",
            "--user",
        ),
        ({"path": "", "file": "/v/x", "there": 0}, "is full at /v/x: ", "room"),
    ],
)
def test_a_volume_that_takes_a_part_says_what_came(
    here: Path, said: dict[str, Any], text: str, hint: str
) -> None:
    missing = {"kind": "missing", "done": 0, "total": 600_005, "files": 3}
    with pytest.raises(Short, match=text) as raised:
        put(lambda: Saying(missing, {**FAILED, **said}), here, "data", quiet)
    assert hint in str(raised.value.hint)
    assert raised.value.said["whole"] == 2


def test_a_path_that_is_refused_there_is_the_caller_s_mistake(here: Path) -> None:
    refused = {"kind": "refused", "why": "/../x: a path in a volume has no `..`"}
    with pytest.raises(BadRequest, match=r"has no `..`; nothing was sent"):
        put(lambda: Saying(refused), here, "data", quiet)


def test_a_file_that_always_changes_is_named(here: Path) -> None:
    dialled: list[Saying] = []

    def dial() -> Saying:
        dialled.append(Saying({"kind": "changed", "path": "models/a.bin"}))
        return dialled[-1]

    with pytest.raises(Refused, match=r"to data: models/a.bin changes while it is sent"):
        put(dial, here, "data", quiet)
    assert len(dialled) > 1, "it is tried again"


def test_what_else_an_image_s_python_prints_is_passed_over(here: Path) -> None:
    done = {"kind": "done", "done": 9, "total": 9, "files": 1}
    noise = (b"Welcome!", b"[1, 2]", b"", b'"kind"')
    told, _ = put(lambda: Saying(*noise, done, stays=True), here / "b", "data", quiet)

    assert told.done == 9


class Deaf(Saying):
    """Takes nothing, and says why only then."""

    def __init__(self, *lines: Any) -> None:
        super().__init__(*lines)
        self._sent = threading.Event()

    def send(self, data: bytes) -> None:
        self._sent.set()
        raise Lost("the connection is closed")

    def receive(self, timeout: float | None) -> bytes:
        self._sent.wait()
        try:
            return super().receive(timeout)
        except Lost:
            raise Lost("no Python here") from None


def test_why_it_ended_counts_more_than_that_nothing_could_be_sent(here: Path) -> None:
    with pytest.raises(Refused, match="to data: no Python here"):
        put(lambda: Deaf(), here, "data", quiet)
    with pytest.raises(Short, match="is full"):
        put(lambda: Deaf(FAILED), here, "data", quiet)
