"""A log's copy on another disk: the same bytes, generations, times and identity."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logbook import KEEP_ALL, blocks, cat, chunks, few, merged, scratch, write

from rankzero.agent.logs.copy import Copy
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import LogWriter


def lines(folder: str) -> list[tuple[int, float, int, bytes]]:
    """Each line that there is: rank, time, generation, and itself."""
    return [
        (rank, one.time, one.generation, one.data) for rank, one in merged(folder, limit=1, grain=0)
    ]


@few
@given(blocks, st.lists(st.integers(0, 40), max_size=5))
def test_a_copy_taken_at_any_moments_is_the_log_itself(history, moments) -> None:
    with scratch() as folder:
        source, there = os.path.join(folder, "node"), os.path.join(folder, "volume")
        writer = LogWriter(source, KEEP_ALL, segment=64)
        copy = Copy(LogReader(source), there)
        for number, block in enumerate(history):
            write(writer, [block], start=1000.0 + number)
            if number in moments:
                copy.catch_up()
        copy.catch_up()

        assert LogReader(there).book() == LogReader(source).book()
        for rank in LogReader(source).ranks():
            assert cat(there, rank) == cat(source, rank)
            ends = LogReader(source).extent(rank), LogReader(there).extent(rank)
            assert ends[0] == ends[1]


def test_every_line_keeps_its_time_and_generation(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path / "node"), KEEP_ALL)
    for number in range(50):
        writer.append(0, 1 + number // 30, b"line %d\n" % number, 1000.0 + number)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    copy.catch_up()

    assert lines(str(tmp_path / "volume")) == lines(str(tmp_path / "node"))
    assert [one[1] for one in lines(str(tmp_path / "volume"))] == [1000.0 + n for n in range(50)]


def test_a_line_without_an_end_is_copied_as_it_grows(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path / "node"), KEEP_ALL)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    for piece in (b"10%", b" 20%", b" done\nnext"):
        writer.append(3, 1, piece, 1000.0)
        copy.catch_up()

    assert cat(str(tmp_path / "volume"), 3) == b"10% 20% done\nnext"


def test_what_the_node_had_dropped_before_is_a_gap(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path / "node"), keep=4096)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    writer.append(0, 1, b"early\n" * 100, 1000.0)
    copy.catch_up()
    for number in range(200):
        writer.append(0, 1, b"%099d\n" % number, 1001.0 + number)
    copy.catch_up()

    assert copy.dropped > 0
    found = chunks(LogReader(str(tmp_path / "volume")), 0, final=True)
    assert found[0].data.startswith(b"early\n")
    assert sum(one.dropped for one in found) == copy.dropped
    assert found[-1].data.endswith(b"%099d\n" % 199)
    assert found[-1].next == writer.end_of(0)


def test_a_volume_that_was_full_goes_on_where_it_was(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path / "node"), KEEP_ALL)
    written = b"".join(b"line %04d\n" % number for number in range(1000))
    writer.append(0, 1, written, 1000.0)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            copy.catch_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert written.startswith(cat(str(tmp_path / "volume"), 0))

    copy.catch_up()
    assert cat(str(tmp_path / "volume"), 0) == written


class LateDisk:
    """As one over a network: it takes everything, and what was not synced yet is gone where it
    then refuses. full: for files of this kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = ""
        self._safe: dict[int, int] = {}
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, file: int) -> None:
        status = os.fstat(file)
        if not (self.full and os.readlink(f"/proc/self/fd/{file}").endswith(self.full)):
            self._safe[status.st_ino] = status.st_size
            return self._sync(file)
        safe = self._safe.get(status.st_ino, 0)
        os.ftruncate(file, safe)
        os.ftruncate(file, status.st_size)  # zeros are in its place
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> LateDisk:
    return LateDisk(monkeypatch)


@pytest.mark.parametrize("kind", ["log", "index"])
def test_what_a_disk_says_late_that_it_lost_is_copied_again(
    tmp_path: Path, disk: LateDisk, kind: str
) -> None:
    writer = LogWriter(str(tmp_path / "node"), KEEP_ALL)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    for number in range(60):
        writer.append(number % 2, 1, b"line %d\n" % number, 1000.0 + number)
        if number == 20:
            copy.catch_up()
    disk.full = kind
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            copy.catch_up()
    disk.full = ""
    copy.catch_up()
    copy.close()

    assert lines(str(tmp_path / "volume")) == lines(str(tmp_path / "node"))


def test_a_gap_is_counted_once_where_it_is_copied_again(tmp_path: Path, disk: LateDisk) -> None:
    writer = LogWriter(str(tmp_path / "node"), keep=4096)
    for number in range(200):
        writer.append(0, 1, b"%099d\n" % number, 1000.0 + number)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    disk.full = "log"
    with pytest.raises(OSError, match="No space left"):
        copy.catch_up()
    disk.full = ""
    copy.catch_up()

    lost = sum(one.dropped for one in chunks(LogReader(str(tmp_path / "volume")), 0, final=True))
    assert copy.dropped == lost > 0


def test_a_segment_that_ends_is_on_the_disk_before_the_next_begins(
    tmp_path: Path, disk: LateDisk
) -> None:
    writer = LogWriter(str(tmp_path / "node"), KEEP_ALL)
    copy = Copy(LogReader(str(tmp_path / "node")), str(tmp_path / "volume"))
    writer.append(0, 1, b"one\n", 1000.0)
    writer.append(0, 2, b"two\n", 1001.0)  # a generation has a segment of its own
    disk.full = "log"
    with pytest.raises(OSError, match="No space left"):
        copy.catch_up()
    disk.full = ""
    copy.catch_up()

    assert lines(str(tmp_path / "volume")) == lines(str(tmp_path / "node"))


def test_an_identity_that_a_full_disk_cut_off_is_written_again(tmp_path: Path) -> None:
    LogWriter(str(tmp_path / "node"), KEEP_ALL)
    source = LogReader(str(tmp_path / "node"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(OSError, match="large"):
            Copy(source, str(tmp_path / "volume"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "volume" / "book").exists()

    Copy(source, str(tmp_path / "volume"))
    assert LogReader(str(tmp_path / "volume")).book() == source.book() != ""


@pytest.mark.parametrize("folder", ["node", "volume"])
def test_an_empty_identity_is_none(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "book").touch()
    LogWriter(str(tmp_path / "node"), KEEP_ALL)
    source = LogReader(str(tmp_path / "node"))
    Copy(source, str(tmp_path / "volume"))
    assert LogReader(str(tmp_path / "volume")).book() == source.book() != ""
