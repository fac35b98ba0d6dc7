"""Many ranks on one screen."""

import os

from hypothesis import given
from hypothesis import strategies as st

from rankzero.agent.logs.mark import mark, marked
from rankzero.agent.logs.merge import CHUNK, Cursor, merge
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import LogWriter


def lines(pairs):
    return [
        (cursor.node, cursor.rank, line)
        for cursor, chunk in pairs
        for line in chunk.data.splitlines()
    ]


def cursors(folder, node=""):
    reader = LogReader(folder)
    return [Cursor(reader, rank, node=node) for rank in reader.ranks()]


def test_lines_come_in_the_order_of_time(tmp_path):
    writer = LogWriter(str(tmp_path), 1 << 30)
    for step in range(100):
        for rank in (2, 0, 1):
            writer.append(rank, 1, b"%d\n" % step, 1000 + step + rank / 10)
    writer.close()
    expected = [("", rank, b"%d" % step) for step in range(100) for rank in (0, 1, 2)]
    assert lines(merge(cursors(str(tmp_path)))) == expected


def test_lines_of_several_nodes_come_in_the_order_of_time(tmp_path):
    both = []
    for node in ("worker/0", "worker/1"):
        folder = str(tmp_path / node)
        writer = LogWriter(folder, 1 << 30)
        rank = int(node[-1])
        for step in range(10):
            writer.append(rank, 1, b"%d\n" % step, 1000 + step + rank / 2)
        writer.append(5, 1 + rank, b"moved\n", 2000 - rank)
        writer.close()
        both += cursors(folder, node)
    got = lines(merge(both))
    steps = [(f"worker/{rank}", rank, b"%d" % step) for step in range(10) for rank in (0, 1)]
    assert got == [*steps, ("worker/1", 5, b"moved"), ("worker/0", 5, b"moved")]


def test_a_rank_alone_comes_in_large_chunks(tmp_path):
    writer = LogWriter(str(tmp_path), 1 << 30)
    block = b"x" * 79 + b"\n"
    for number in range(40):
        writer.append(number % 2, 1, block * 4000, 1000 + number // 2 * 10 + number % 2)
    writer.close()
    sizes = [len(chunk.data) for _, chunk in merge(cursors(str(tmp_path)))]
    assert max(sizes) <= CHUNK
    assert sum(sizes) / len(sizes) > CHUNK / 2


def test_following_is_merging_the_same_cursors_again(tmp_path):
    writer = LogWriter(str(tmp_path), 1 << 30)
    writer.append(0, 1, b"one\nhal", 1.0)
    writer.append(1, 1, b"", 1.0)
    own = [Cursor(LogReader(str(tmp_path)), rank) for rank in (0, 1)]
    assert lines(merge(own)) == [("", 0, b"one")]
    assert lines(merge(own)) == []
    writer.append(0, 1, b"f\n", 2.0)
    writer.append(1, 1, b"other\n", 3.0)
    assert lines(merge(own)) == [("", 0, b"half"), ("", 1, b"other")]
    assert [cursor.offset for cursor in own] == [9, 6]
    writer.close()


def test_a_cursor_goes_on_from_an_offset_after_half_a_merge(tmp_path):
    writer = LogWriter(str(tmp_path), 1 << 30)
    for step in range(50):
        for rank in (0, 1):
            writer.append(rank, 1, b"%d\n" % step, 1000 + step)
    writer.close()
    own, reader = cursors(str(tmp_path)), LogReader(str(tmp_path))
    merging = merge(own)
    first = lines(next(merging) for _ in range(31))
    merging.close()
    rest = lines(merge([Cursor(reader, cursor.rank, cursor.offset) for cursor in own]))
    for rank in (0, 1):
        together = [line for _, own_rank, line in first + rest if own_rank == rank]
        assert together == [b"%d" % step for step in range(50)]


def test_a_merge_ends_though_the_writer_does_not(tmp_path):
    writer = LogWriter(str(tmp_path), 1 << 30)
    writer.append(0, 1, b"first\n", 1.0)
    seen = []
    for _, chunk in merge(cursors(str(tmp_path)), limit=6):
        seen.append(chunk.data)
        writer.append(0, 1, b"more.\n" * 1000, 2.0)
    writer.close()
    assert seen == [b"first\n"]


def test_what_was_dropped_is_told_once_where_it_was(tmp_path):
    writer = LogWriter(str(tmp_path), 2000, 500)
    for step in range(100):
        writer.append(0, 1, b"%099d\n" % step, 1000 + step)
    writer.close()
    dropped = [chunk.dropped for _, chunk in merge(cursors(str(tmp_path)), limit=100)]
    assert dropped[0] > 0
    assert dropped[0] + 100 * len(dropped) == 100 * 100
    assert not any(dropped[1:])


def test_ranks_that_share_a_node_share_its_room(tmp_path):
    """64 busy ranks, each of which may not begin a segment as large as one rank's."""
    keep = 1 << 20
    writer = LogWriter(str(tmp_path), keep)
    for step in range(16):
        for rank in range(64):
            writer.append(rank, 1, b"%07d\n" % step * 512, 1000 + step)
    writer.close()
    sizes = [entry.stat().st_size for entry in os.scandir(tmp_path) if entry.name[-4:] == ".log"]
    assert keep / 2 < sum(sizes) <= keep
    ends = [LogReader(str(tmp_path)).extent(rank)[1] for rank in range(64)]
    assert ends == [64 * 1024] * 64


def test_a_quiet_rank_keeps_its_last_words(tmp_path):
    writer = LogWriter(str(tmp_path), 100_000)
    writer.append(1, 1, b"Traceback: what it died of\n", 1.0)
    writer.end(1, 1.0)
    for step in range(1000):
        writer.append(0, 1, b"%0999d\n" % step, 1000 + step)
    writer.close()
    reader = LogReader(str(tmp_path))
    assert reader.read(1, 0).data == b"Traceback: what it died of\n"
    assert reader.extent(0)[0] > 800_000


def test_ranks_that_grew_before_others_came_give_way(tmp_path):
    """Only newest segments left, and too much in them: the largest goes, its end is kept."""
    told = []
    writer = LogWriter(str(tmp_path), 10_000, 9000, told.append)
    writer.append(0, 1, b"x" * 79 + b"\n", 1.0)
    writer.append(0, 1, (b"x" * 79 + b"\n") * 60, 1.0)
    writer.append(1, 1, (b"y" * 79 + b"\n") * 70, 2.0)
    writer.close()
    assert [(drop.rank, drop.bytes, drop.lines) for drop in told] == [(0, 4880, 61)]
    writer = LogWriter(str(tmp_path), 10_000, 9000)
    writer.append(0, 2, b"back\n", 3.0)
    writer.close()
    chunk = LogReader(str(tmp_path)).read(0, 0)
    assert (chunk.dropped, chunk.offset, chunk.data) == (4880, 4880, b"back\n")


def test_a_rank_that_gave_way_and_came_back_is_kept(tmp_path):
    told = []
    writer = LogWriter(str(tmp_path), 10_000, 9000, told.append)
    writer.append(0, 1, (b"x" * 79 + b"\n") * 60, 1.0)
    writer.append(1, 1, (b"y" * 79 + b"\n") * 70, 2.0)
    writer.append(0, 1, b"back\n", 3.0)
    writer.append(1, 1, (b"y" * 79 + b"\n") * 60, 4.0)
    writer.close()
    assert [(drop.rank, drop.bytes) for drop in told] == [(0, 4800), (1, 4160)]
    assert LogReader(str(tmp_path)).read(0, 0).data == b"back\n"


@given(
    st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line and b"\r" not in line))
)
def test_each_line_is_marked(texts):
    data = b"".join(text + b"\n" for text in texts)
    assert mark(data, b"[3] ") == b"".join(b"[3] " + text + b"\n" for text in texts)


def test_marking_what_has_no_newline_and_what_returns():
    assert mark(b"", b"[0] ") == b""
    assert mark(b"cut", b"[0] ") == b"[0] cut\n"
    assert mark(b"a\r\nb\r\n", b"[0] ") == b"[0] a\r\n[0] b\r\n"
    assert mark(b"\r 1%\r 2%\ndone\n", b"[0] ") == b"[0] \r[0]  1%\r[0]  2%\n[0] done\n"
    assert mark(b"a\nb\n", b"") == b"a\nb\n"


def test_marked_gathers_small_chunks_and_holds_nothing_back():
    pairs = [(b"line\n", b"[%d] " % (number % 3)) for number in range(30_000)]
    blocks = list(marked(pairs))
    assert b"".join(blocks) == b"".join(prefix + data for data, prefix in pairs)
    assert 1 < len(blocks) < 10
    assert list(marked([])) == []
