"""Outputs brought here: the agent's side and ours, over a socket that can be cut."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from rankzero.agent import outputs
from rankzero.agent.outputs import Server
from rankzero.backends.fetching import Names, NoFolder, fetch
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused


class Cut:
    """A stream to a server of a folder, which loses the connection after so many bytes."""

    def __init__(self, folder: Path, after: int | None = None) -> None:
        ours, theirs = socket.socketpair()
        self._socket, self._left = ours, after
        self._server = threading.Thread(target=_serve, args=(folder, theirs), daemon=True)
        self._server.start()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self, timeout: float | None) -> bytes:
        most = 1000 if self._left is None else min(1000, self._left)
        data = self._socket.recv(most) if most else b""
        if not data:
            raise Lost("cut")
        if self._left is not None:
            self._left -= len(data)
        return data

    def cut(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()
        self._server.join()


def _serve(folder: Path, theirs: socket.socket) -> None:
    with (
        contextlib.suppress(BrokenPipeError, ConnectionResetError),
        theirs,
        theirs.makefile("rb") as questions,
        theirs.makefile("wb") as out,
    ):
        Server(str(folder), out).serve(questions)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Outputs as a script may leave them."""
    folder = tmp_path / "there"
    (folder / "models" / "empty").mkdir(parents=True)
    (folder / "models" / "a.bin").write_bytes(os.urandom(20_000))
    (folder / "ünter").write_bytes(b"")
    (folder / "run.sh").write_text("echo")
    (folder / "run.sh").chmod(0o755)
    (folder / "latest").symlink_to("models/a.bin")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_everything_comes_as_it_is(there: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"

    told = list(fetch(lambda: Cut(there), here))

    assert files(here) == files(there)
    assert (here / "models" / "empty").is_dir()
    assert (here / "latest").readlink() == Path("models/a.bin")
    assert (here / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (here / "models/a.bin").stat().st_mtime == (there / "models/a.bin").stat().st_mtime
    assert (told[0].done, told[0].total, told[0].files) == (0, 20_004, 3)
    assert told[-1].done == 20_004


def test_a_cut_connection_is_taken_up_where_it_was(there: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    ways: Iterator[int | None] = iter((9_000, 9_000, None))
    starts: list[int] = []

    for told in fetch(lambda: Cut(there, next(ways)), here):
        starts.append(told.done)

    assert files(here) == files(there)
    assert starts == sorted(starts), "nothing was fetched twice"


def test_a_way_that_is_always_cut_is_told_and_loses_nothing(there: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    ways = iter([9_000, *[100] * 9])
    with pytest.raises(Refused, match="cut"):
        list(fetch(lambda: Cut(there, next(ways)), here))

    told = list(fetch(lambda: Cut(there), here))

    assert files(here) == files(there)
    assert told[0].done > 1_000, "the part that had come counts"


def test_a_disk_that_fails_in_the_middle_of_a_file_is_asked_again(
    there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, failures = outputs._blocks, [OSError(errno.ESTALE, "stale")]

    def blocks(file: BinaryIO, count: int) -> Iterator[bytes]:
        for block in whole(file, count):
            if failures and file.tell() > 10_000:
                raise failures.pop()
            yield block

    monkeypatch.setattr(outputs, "_blocks", blocks)
    monkeypatch.setattr(outputs, "_BLOCK", 1000)
    here = tmp_path / "here"

    list(fetch(lambda: Cut(there), here))

    assert files(here) == files(there)
    assert not failures


def test_what_is_here_already_is_not_fetched_again(there: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    list(fetch(lambda: Cut(there), here))
    (there / "models" / "b.bin").write_bytes(b"new")

    first, *_, last = fetch(lambda: Cut(there), here)

    assert (first.done, last.done) == (20_004, 20_007)
    assert files(here) == files(there)


def test_a_part_of_another_file_is_found_out(there: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / "models").mkdir(parents=True)
    (here / "models" / ".a.bin.rankzero-part").write_bytes(b"x" * 500)

    list(fetch(lambda: Cut(there), here))

    assert files(here) == files(there)


def test_nothing_comes_to_lie_outside(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    (tmp_path / "secret").write_text("s")
    (there / "out").symlink_to(tmp_path / "secret")
    (there / "up").symlink_to("..")
    (there / "pipe").symlink_to("/dev/null")

    list(fetch(lambda: Cut(there), here))

    assert files(here) == {"out": b"s"}, "what a link leads out to is a file of its own here"
    assert not (here / "out").is_symlink()


@pytest.mark.parametrize("path", ["../evil", "/evil", "a/../../evil", "", "a//b", "."])
def test_a_hostile_list_writes_nowhere_else(path: str, tmp_path: Path) -> None:
    class Hostile(Cut):
        def __init__(self) -> None:
            entry = b'{"path": "%s", "kind": "folder", "mode": 511}\n' % path.encode()
            self._said = [entry, b'{"kind": "end"}\n']

        def receive(self, timeout: float | None) -> bytes:
            return self._said.pop(0)

        def close(self) -> None:
            assert not self._said

    before = set(tmp_path.rglob("*"))
    list(fetch(Hostile, tmp_path / "here"))

    assert set(tmp_path.rglob("*")) - before == {tmp_path / "here"}


def test_folders_of_several_nodes_become_one_and_none_takes_anothers_file(tmp_path: Path) -> None:
    for node, own in (("0", "zero"), ("1", "one")):
        (tmp_path / node).mkdir()
        (tmp_path / node / own).write_text(own)
        (tmp_path / node / "both").write_text(own)
    names, here = Names(), tmp_path / "here"

    for node in ("0", "1"):
        list(fetch(lambda node=node: Cut(tmp_path / node), here, f"worker/{node}", names))

    assert files(here) == {
        "both": b"zero",
        "one": b"one",
        "worker-1/both": b"one",
        "zero": b"zero",
    }


def test_a_disk_that_refuses_is_told(there: Path, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("a file")

    with pytest.raises(Refused, match="cannot write"):
        list(fetch(lambda: Cut(there), tmp_path / "here"))


def test_a_folder_that_is_not_there(there: Path, tmp_path: Path) -> None:
    with pytest.raises(NoFolder):
        list(fetch(lambda: Cut(there / "nowhere"), tmp_path / "to"))
