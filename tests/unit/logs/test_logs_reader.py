"""Looking at logs: what is there, from when on, the last lines, and lines that are not done."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logbook import KEEP_ALL, blocks, chunks, few, scratch, segments, text, write

from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import LogWriter


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "logs")


@pytest.fixture
def writer(folder):
    writer = LogWriter(folder, KEEP_ALL)
    yield writer
    writer.close()


def test_a_folder_that_is_not_there_is_empty(tmp_path):
    reader = LogReader(str(tmp_path / "none"))
    assert reader.ranks() == []
    assert reader.extent(0) == (0, 0)
    assert reader.offset_since(0, 0.0) == 0
    assert reader.offset_tail(0, 3) == 0
    assert reader.read(0, 7) == (0, 7, 7, 0.0, 0, 0, b"")


def test_ranks_in_order_and_other_peoples_files_left_alone(folder, writer):
    for rank in (10, 2, 0):
        writer.append(rank, 1, b"hello\n", 1.0)
    for name in ("rank-1.log", "rank-x.0.log", "rank-3.00.log.gz", "notes", "rank-².1.log"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("not a log\n")
    assert LogReader(folder).ranks() == [0, 2, 10]


def test_a_reader_sees_what_comes_later(folder, writer):
    reader = LogReader(folder)
    writer.append(0, 1, b"one\n", 1.0)
    first = reader.read(0, 0)
    writer.append(0, 1, b"two\n", 2.0)
    writer.append(1, 1, b"other\n", 2.0)
    assert (first.data, reader.read(0, first.next).data) == (b"one\n", b"two\n")
    assert reader.ranks() == [0, 1]


def test_the_time_is_that_of_the_first_line(folder, writer):
    writer.append(0, 1, b"one\n", 1.0)
    writer.append(0, 1, b"two\nthr", 2.0)
    writer.append(0, 1, b"ee\nfour\n", 3.0)
    reader = LogReader(folder)
    times = [reader.read(0, offset).time for offset in (0, 4, 8, 14)]
    assert times == [1.0, 2.0, 2.0, 3.0]


def test_a_limit_below_a_line_gives_that_line_alone(folder, writer):
    writer.append(0, 1, b"a longer line\nb\nc\n", 1.0)
    reader = LogReader(folder)
    assert [chunk.data for chunk in chunks(reader, 0, limit=5)] == [b"a longer line\n", b"b\nc\n"]


def test_until_stops_before_what_was_read_later(folder, writer):
    for now in (1.0, 2.0, 3.0):
        writer.append(0, 1, b"at %d\n" % now, now)
    reader = LogReader(folder)
    assert reader.read(0, 0, until=2.5).data == b"at 1\nat 2\n"
    assert reader.read(0, 0, until=0.0).data == b"at 1\n"
    assert reader.read(0, 0, until=9.0).data == b"at 1\nat 2\nat 3\n"


def test_a_line_being_written_waits_unless_it_is_asked_for(folder, writer):
    writer.append(0, 1, b"done\n\r 10%\r 20%", 1.0)
    reader = LogReader(folder)
    assert reader.read(0, 0).data == b"done\n"
    assert reader.read(0, 5).data == b""
    bar = reader.read(0, 5, final=True)
    assert bar.data == b"\r 10%\r 20%"
    writer.append(0, 1, b"\r 30%\n", 2.0)
    assert reader.read(0, bar.next).data == b"\r 30%\n"


def test_a_process_that_ended_has_a_last_line(folder, writer):
    writer.append(0, 1, b"dying wor", 1.0)
    writer.end(0, 2.0)
    writer.end(7, 2.0)  # never wrote
    reader = LogReader(folder)
    assert reader.read(0, 0).data == b"dying wor"
    writer.append(0, 2, b"back\n", 3.0)
    assert [(c.generation, c.data) for c in chunks(reader, 0)] == [
        (1, b"dying wor"),
        (2, b"back\n"),
    ]


def test_a_new_generation_makes_the_line_before_final(folder, writer):
    writer.append(0, 1, b"cut of", 1.0)
    writer.append(0, 2, b"again\n", 2.0)
    found = chunks(LogReader(folder), 0)
    assert [(c.generation, c.time, c.data) for c in found] == [
        (1, 1.0, b"cut of"),
        (2, 2.0, b"again\n"),
    ]


def test_since(folder, writer):
    for now in range(10, 20):
        writer.append(0, 1, b"at %d\n" % now, now)
    writer.append(0, 2, b"at 20\n", 20)
    reader = LogReader(folder)
    assert text(chunks(reader, 0, reader.offset_since(0, 18))) == b"at 18\nat 19\nat 20\n"
    assert text(chunks(reader, 0, reader.offset_since(0, 20))) == b"at 20\n"
    assert reader.offset_since(0, 0) == 0
    assert reader.offset_since(0, 21) == reader.extent(0)[1]


def test_what_was_read_within_the_interval_counts_as_since(folder, writer):
    """Never too few lines: the index says only when the first of them was read."""
    writer.append(0, 1, b"early\n", 10.0)
    writer.append(0, 1, b"late\n", 10.04)
    reader = LogReader(folder)
    assert reader.offset_since(0, 10.03) == 0


@few
@given(blocks, st.integers(1, 400), st.integers(0, 30), st.booleans())
def test_tail_is_the_last_lines(history, segment, count, final):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        streams, lives = write(writer, history)
        reader = LogReader(folder)
        for rank, generations in lives.items():
            lines = []
            for life in filter(None, generations):
                parts = life.split(b"\n")
                lines += [part + b"\n" for part in parts[:-1]] + [
                    part for part in parts[-1:] if part
                ]
            running = [] if final or not lines or lines[-1].endswith(b"\n") else [lines.pop()]
            last = lines[-count:] if count else []
            want = b"".join(last + running)
            offset = reader.offset_tail(rank, count, final)
            if count:
                assert streams[rank][offset:] == want
            else:
                assert offset == len(streams[rank])
        writer.close()


def test_tail_over_many_blocks_of_a_large_segment(folder):
    lines = [b"%08d %s\n" % (number, b"x" * (number % 90)) for number in range(20_000)]
    writer = LogWriter(folder, KEEP_ALL, 16 << 20)
    writer.append(0, 1, b"".join(lines), 1.0)
    writer.close()
    reader = LogReader(folder)
    for count in (1, 10, 1500, 19_999, 20_000, 30_000):
        offset = reader.offset_tail(0, count)
        assert text(chunks(reader, 0, offset)) == b"".join(lines[-count:])


def test_an_index_stays_small_however_short_the_lines_are(folder):
    writer = LogWriter(folder, KEEP_ALL)
    for number in range(20_000):
        writer.append(0, 1, b"\n", 1000 + number * 0.1)
    writer.close()
    (index,) = segments(folder, 0, ".index")
    assert os.path.getsize(index) < 64 * 1024 + 40 * 2000 + 20_000
    reader = LogReader(folder)
    assert abs(reader.offset_since(0, 2500) - 15_000) <= 11


def test_files_are_the_users_alone(folder, writer):
    writer.append(0, 1, b"secret\n", 1.0)
    for name in os.listdir(folder):
        assert os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0
