"""A writer may die at any byte, and a disk may fill at any byte."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from logbook import KEEP_ALL, blocks, cat, chunks, few, merged, scratch, segments, text, write

from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.segment import WriteError
from rankzero.agent.logs.writer import LogWriter


@few
@given(blocks, st.integers(1, 400), st.data())
def test_a_cut_log_reads_as_a_prefix_and_goes_on(history, segment, draw):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        streams, _ = write(writer, history)
        writer.close()
        assume(streams.get(0))
        last = segments(folder, 0)[-1]
        size = os.path.getsize(last)
        lost = draw.draw(st.integers(0, size))
        os.truncate(last, size - lost)
        left = streams[0][: len(streams[0]) - lost]
        assert text(chunks(LogReader(folder), 0, final=True)) == left
        got = [chunk for rank, chunk in merged(folder) if rank == 0]
        assert text(got) == left
        assert not got or got[-1].next == len(left)
        writer = LogWriter(folder, KEEP_ALL, segment)
        writer.append(0, 99, b"again\n", 9999.0)
        writer.close()
        found = chunks(LogReader(folder), 0)
        assert text(found) == left + b"again\n"
        assert (found[-1].data, found[-1].generation) == (b"again\n", 99)


@few
@given(blocks, st.integers(1, 400), st.data())
def test_a_cut_or_missing_index_costs_times_and_no_lines(history, segment, draw):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        streams, _ = write(writer, history)
        writer.close()
        assume(streams.get(0))
        path = draw.draw(st.sampled_from(segments(folder, 0, ".index")))
        size = os.path.getsize(path)
        left = draw.draw(st.integers(-1, size))
        os.unlink(path) if left < 0 else os.truncate(path, left)
        reader = LogReader(folder)
        assert text(chunks(reader, 0, final=True)) == streams[0]
        got = b"".join(chunk.data for rank, chunk in merged(folder) if rank == 0)
        assert got == streams[0]
        assert 0 <= reader.offset_since(0, 1000.1) <= len(streams[0])


WIDTH = 64
RACE = """
import sys
from rankzero.agent.logs.writer import LogWriter
folder, keep, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
writer = LogWriter(folder, keep, 20_000)
line = 0
while line < count:
    block = b"".join(b"%062d\\n" % n for n in range(line, line + 100)).replace(b"\\n", b".\\n")
    cut = line % 777
    writer.append(0, 1, block[:cut], 1000 + line / 1000)
    writer.append(0, 1, block[cut:], 1000 + line / 1000)
    line += 100
    if line == 5000:
        print("going", flush=True)
writer.close()
"""


@contextmanager
def other_process(folder, keep, count):
    """A process that writes numbered lines of WIDTH bytes, already in full swing."""
    process = subprocess.Popen(
        [sys.executable, "-c", RACE, folder, str(keep), str(count)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"going\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def numbered(chunk):
    """Whether each line of a chunk is the one that belongs at its offset."""
    first = chunk.offset // WIDTH
    lines = chunk.data.split(b"\n")[:-1]
    return lines == [b"%062d." % number for number in range(first, first + len(lines))]


def test_after_a_sigkill_all_that_was_written_is_there(tmp_path):
    folder = str(tmp_path)
    with other_process(folder, KEEP_ALL, 10**9) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    reader = LogReader(folder)
    found = chunks(reader, 0)
    assert all(map(numbered, found))
    assert found[-1].next >= 5000 * WIDTH
    assert text(chunks(reader, 0, final=True)) == cat(folder, 0)
    writer = LogWriter(folder, KEEP_ALL)
    writer.append(0, 2, b"back\n", 2e9)
    writer.close()
    assert chunks(reader, 0)[-1].data == b"back\n"


def test_a_reader_next_to_a_writer_that_drops_gets_each_line_or_its_loss(tmp_path):
    folder, count, offset = str(tmp_path), 40_000, 0
    reader = LogReader(folder)
    with other_process(folder, 100_000, count) as process:
        while offset < count * WIDTH:
            chunk = reader.read(0, offset, 8192)
            assert chunk.offset == offset + chunk.dropped
            assert numbered(chunk), chunk
            assert chunk.data or process.poll() in (None, 0)
            offset = chunk.next
    assert offset == count * WIDTH


@contextmanager
def largest_file(size):
    """The system refuses to let any file grow beyond this, in mid-write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@few
@given(st.integers(0, 600), st.booleans())
def test_what_a_refused_write_left_is_accounted_for(room, give_up):
    stream = b"".join(b"line %d\n" % number for number in range(100))
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL)
        writer.append(0, 1, stream[:100], 1.0)
        with largest_file(room), pytest.raises(WriteError) as caught:
            for start in range(100, len(stream), 50):
                writer.append(0, 1, stream[start : start + 50], 1.0 + start)
        assert caught.value.filename.startswith(folder)
        done = start + caught.value.written
        assert cat(folder, 0) == stream[:done]
        if give_up:
            writer.skip(0, len(stream) - done)
        else:
            writer.append(0, 1, stream[done:], 3000.0)
        writer.append(0, 1, b"end\n", 4000.0)
        writer.close()
        found = chunks(LogReader(folder), 0)
        lost = len(stream) - done if give_up else 0
        assert sum(chunk.dropped for chunk in found) == lost
        assert text(found) == stream[: len(stream) - lost] + b"end\n"
        assert found[-1].next == len(stream) + len(b"end\n")


def test_a_write_refused_in_a_later_segment_counts_those_before(tmp_path):
    folder = str(tmp_path)
    writer = LogWriter(folder, KEEP_ALL, 100)
    data = b"123456789\n" * 50 + b"x" * 1000
    with largest_file(300), pytest.raises(WriteError) as caught:
        writer.append(0, 1, data, 1.0)
    assert caught.value.written == 800
    assert cat(folder, 0) == data[:800]
    writer.append(0, 1, data[800:], 2.0)
    writer.close()
    assert cat(folder, 0) == data


def test_a_refused_index_entry_shifts_no_other(tmp_path):
    writer = LogWriter(str(tmp_path), KEEP_ALL)
    for room, now in ((20, 1.0), (50, 2.0), (50, 3.0), (1000, 4.0)):
        with largest_file(room):  # the first entry and the third are torn
            writer.append(0, 7, b"at %d\n" % now, now)
    writer.close()
    reader = LogReader(str(tmp_path))
    assert [reader.read(0, offset).time for offset in (5, 10, 15)] == [2.0, 2.0, 4.0]
    assert reader.read(0, 0).generation == 7
    assert os.path.getsize(segments(str(tmp_path), 0, ".index")[0]) == 80


def test_the_time_of_what_was_never_written_tears_no_line(tmp_path):
    writer = LogWriter(str(tmp_path), KEEP_ALL)
    writer.append(1, 1, b"other\n", 1.5)
    writer.append(0, 1, b"h" * 100, 1.0)
    with largest_file(100), pytest.raises(WriteError):
        writer.append(0, 1, b"x\nnext\n", 2.0)
    writer.append(0, 1, b"longer\n", 2.01)
    writer.close()
    assert [chunk.data for _, chunk in merged(str(tmp_path))] == [
        b"h" * 100 + b"longer\n",
        b"other\n",
    ]


def test_an_index_ahead_of_its_log_leads_no_cursor_beyond_it(tmp_path):
    writer = LogWriter(str(tmp_path), KEEP_ALL)
    for rank, now in ((0, 1.0), (1, 2.0), (0, 3.0), (1, 4.0)):
        writer.append(rank, 1, b"at %d\n" % now, now)
    writer.close()
    os.truncate(segments(str(tmp_path), 0)[0], 3)
    got = merged(str(tmp_path))
    assert [(rank, chunk.data) for rank, chunk in got] == [(0, b"at "), (1, b"at 2\nat 4\n")]
    assert got[0][1].next == 3


def test_a_second_writer_drops_the_oldest_of_all_ranks_first(tmp_path):
    told = []
    writer = LogWriter(str(tmp_path), KEEP_ALL, 100)
    for rank, now in ((1, 1.0), (0, 2.0), (1, 3.0), (0, 4.0)):
        writer.append(rank, 1, b"x" * 99 + b"\n", now)
    writer.close()
    writer = LogWriter(str(tmp_path), 400, 100, told.append)
    for now in (5.0, 6.0):
        writer.append(2, 2, b"x" * 99 + b"\n", now)
    writer.close()
    assert [(drop.rank, drop.offset, drop.lines) for drop in told] == [(1, 0, 1), (0, 0, 1)]


def mounted(folder, size):
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "rankzero-test", folder]
    try:
        return subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    if not mounted(str(tmp_path), 256 * 1024):
        pytest.skip("mounting a file system is not allowed here; see the test of refused writes")
    yield str(tmp_path)
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk(small_disk):
    folder = os.path.join(small_disk, "logs")
    writer = LogWriter(folder, KEEP_ALL)
    stream = b"".join(b"%079d\n" % number for number in range(10_000))
    with pytest.raises(WriteError) as caught:
        writer.append(0, 1, stream, 1.0)
    error = caught.value
    assert error.strerror == os.strerror(28)
    assert 0 < error.written < len(stream)
    assert text(chunks(LogReader(folder), 0, final=True)) == stream[: error.written]
    with pytest.raises(WriteError):  # another rank, whose files cannot even begin
        writer.append(1, 1, stream, 1.0)
    writer.close()
    assert text(chunks(LogReader(folder), 0, final=True)) == stream[: error.written]


def test_keep_makes_room_on_a_disk_just_large_enough(small_disk):
    folder = os.path.join(small_disk, "logs")
    dropped = []
    writer = LogWriter(folder, 128 * 1024, 16 * 1024, dropped.append)
    stream = b"".join(b"%079d\n" % number for number in range(10_000))
    for start in range(0, len(stream), 8000):
        writer.append(0, 1, stream[start : start + 8000], start / 8000)
    writer.close()
    found = chunks(LogReader(folder), 0)
    assert text(found) == stream[found[0].dropped :]
    assert found[0].dropped == sum(drop.bytes for drop in dropped)
    assert sum(drop.lines for drop in dropped) == found[0].dropped // 80


def test_what_a_crash_left_half_made_is_cleared_away(tmp_path):
    folder = str(tmp_path)
    writer = LogWriter(folder, KEEP_ALL)
    writer.append(0, 1, b"one\n", 1.0)
    writer.close()
    orphan = tmp_path / "rank-0.0000000000000004.index"
    orphan.write_bytes(b"0000000000000004 0000000002.000 0000002\n")
    LogWriter(folder, KEEP_ALL).close()
    assert not orphan.exists()
    assert len(os.listdir(folder)) == 3, "the log's identity, a segment, its index"
