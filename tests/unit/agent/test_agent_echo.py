"""The pod's log: whole lines, marked, and no rank waits for whoever reads it."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rankzero.agent.echo import PENDING, Echo
from rankzero.agent.logs.printed import Note, parse


class Written:
    """An echo whose ranks' offsets are counted."""

    def __init__(self, loop) -> None:
        self.echo = Echo(loop)
        self.echo.begin("b")
        self._offsets: dict[int, int] = {}

    def write(self, rank: int, block: bytes) -> None:
        offset = self._offsets.get(rank, 0)
        self._offsets[rank] = offset + len(block)
        self.echo.write(rank, 1, offset, block)


def lines(said: bytes) -> list[bytes]:
    """What ranks wrote, without the notes."""
    return [line for line in said.split(b"\n")[:-1] if not line.startswith(b"[rankzero]")]


@contextmanager
def stdout() -> Iterator[int]:
    """This process's stdout as a pipe; gives its reading end.

    Not a fixture: pytest itself moves the descriptor between a test's fixtures and its body.
    """
    read, write = os.pipe()
    saved = os.dup(1)
    os.dup2(write, 1)
    os.close(write)
    os.set_blocking(read, False)
    try:
        yield read
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(read)


def heard(read: int) -> bytes:
    """All that can be read now."""
    data = b""
    while True:
        try:
            block = os.read(read, 1 << 20)
        except BlockingIOError:
            return data
        if not block:
            return data
        data += block


def test_lines_of_several_ranks_are_marked_and_never_cut(loop) -> None:
    with stdout() as read:
        ranks = Written(loop)
        ranks.write(0, b"one\nhal")
        ranks.write(1, b"other\n")
        ranks.write(0, b"f\n")
        said = heard(read)

    assert lines(said) == [b"[0] one", b"[1] other", b"[0] half"]


def test_a_last_line_without_its_end_is_a_line(loop) -> None:
    with stdout() as read:
        ranks = Written(loop)
        ranks.write(0, b"bye")
        ranks.echo.end(0)
        ranks.echo.end(0)
        said = heard(read)

    assert lines(said) == [b"[0+] bye"]


def test_a_slow_reader_slows_nobody_and_is_told_what_it_missed(loop) -> None:
    line = b"x" * 999 + b"\n"
    written = 2 * PENDING // len(line)
    data = bytearray()
    with stdout() as read:
        ranks = Written(loop)
        for _ in range(written):
            ranks.write(0, line)  # returns, though nobody reads

        def read_until(condition) -> None:
            loop.until(lambda: data.extend(heard(read)) or condition())

        read_until(lambda: len(data) > PENDING // 2)
        ranks.write(0, b"at last\n")
        read_until(lambda: data.endswith(b"at last\n"))

    came = lines(bytes(data))
    assert set(came) == {b"[0] " + line.rstrip(), b"[0] at last"}
    *_, note, _ = bytes(data).splitlines()
    # What is before it in the stream was written: the note tells it from what has come.
    assert parse(note) == Note(0, 1, written * len(line), "b")
    assert len(came) - 1 < written


def test_the_end_gives_what_is_pending(loop) -> None:
    got = bytearray()

    def reader(read: int) -> None:
        while len(lines(bytes(got))) < 1000 and select.select([read], [], [], 20)[0]:
            got.extend(heard(read))

    with stdout() as read:
        ranks = Written(loop)
        for _ in range(1000):
            ranks.write(0, b"y" * 999 + b"\n")
        other = threading.Thread(target=reader, args=(read,))
        other.start()
        ranks.echo.close()
        other.join()

    assert lines(bytes(got)) == [b"[0] " + b"y" * 999] * 1000
