"""An archive is whole, or it is none: files that change under our eyes are found out."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from rankzero.code.archive import Changed, Gzip, TooLarge, write_tar
from rankzero.code.choice import Item


def item(path: Path, size: int | None = None) -> Item:
    return Item(path.name, path, path.stat().st_size if size is None else size)


def test_any_tool_can_read_it(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    packing = Gzip(10**6)
    long = "deep/" * 60 + "file"
    items = [item(tmp_path / "a"), Item("l", tmp_path, link="a"), Item(long, tmp_path / "a", 1000)]
    write_tar(items, packing.write)
    whole = packing.finish()

    assert whole[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "no name and no time"
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(whole))) as archive:
        members = archive.getmembers()
        assert archive.extractfile("a").read() == b"x" * 1000
    assert [member.name for member in members] == ["a", "l", long]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}


def test_the_limit_is_noticed_while_writing():
    packing = Gzip(1000)
    with pytest.raises(TooLarge):
        for _ in range(100):
            packing.write(os.urandom(100_000))


@pytest.mark.parametrize("size", [0, 99, 101])
def test_another_size_than_chosen(tmp_path, size):
    (tmp_path / "a").write_bytes(bytes(100))
    with pytest.raises(Changed):
        write_tar([item(tmp_path / "a", size)], lambda _: None)


def grow(path):
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path):
    os.truncate(path, 10)


def rewrite(path):
    before = path.stat()
    path.write_bytes(b"y" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


@pytest.mark.parametrize("change", [grow, shrink, rewrite])
def test_a_change_between_two_blocks(tmp_path, change):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1_000_000)
    blocks = []

    def write(block):
        blocks.append(block)
        if len(blocks) == 2:  # after the header and the first block
            change(path)

    with pytest.raises(Changed) as caught:
        write_tar([item(path)], write)
    assert caught.value.path == path


def gone(path):
    path.unlink()


def linked(path):
    path.rename(path.with_name("b"))
    path.symlink_to("b")


def piped(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


def folder_gone(path):
    path.unlink()
    path.parent.rmdir()
    path.parent.touch()  # and a file in its place


@pytest.mark.parametrize("change", [gone, linked, piped, folder, folder_gone])
def test_what_has_become_something_else_is_neither_followed_nor_waited_for(tmp_path, change):
    path = tmp_path / "sub" / "a"
    path.parent.mkdir()
    path.touch()
    chosen = item(path)
    change(path)
    with pytest.raises(Changed):
        write_tar([chosen], lambda _: None)
