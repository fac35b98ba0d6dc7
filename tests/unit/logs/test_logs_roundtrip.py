"""Whatever the ranks write comes back: byte by byte, in order, in whole lines."""

from hypothesis import given, settings
from hypothesis import strategies as st
from logbook import KEEP_ALL, blocks, cat, chunks, few, merged, scratch, text, write

from rankzero.agent.logs.layout import MAX_LINE
from rankzero.agent.logs.reader import LogReader
from rankzero.agent.logs.writer import LogWriter


@few
@given(blocks, st.integers(1, 400), st.integers(1, 200))
def test_every_byte_comes_back(history, segment, limit):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        streams, _ = write(writer, history)
        writer.close()
        reader = LogReader(folder)
        for rank, stream in streams.items():
            assert cat(folder, rank) == stream
            assert text(chunks(reader, rank, limit=limit, final=True)) == stream
            assert reader.extent(rank) == (0, len(stream))


@few
@given(blocks, st.integers(1, 400), st.integers(1, 200))
def test_chunks_are_whole_lines_of_one_generation(history, segment, limit):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        _, lives = write(writer, history)
        reader = LogReader(folder)
        for rank, generations in lives.items():
            expected = [line for life in generations for line in life.splitlines(keepends=True)]
            lines = [line for life in generations for line in split(life)]
            if lines and not lines[-1].endswith(b"\n"):
                lines.pop()  # may still go on
            found = chunks(reader, rank, limit=limit)
            assert [line for chunk in found for line in split(chunk.data)] == lines
            assert expected or not found
            for chunk in found:
                assert len(chunk.data) <= limit or chunk.data.count(b"\n") <= 1
        writer.close()


def split(data):
    """Lines as `\\n` alone ends them, their newlines kept."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


@few
@given(blocks, st.integers(64, 400), st.integers(300, 2000))
def test_beyond_keep_the_oldest_goes_and_is_counted(history, segment, keep):
    told = []
    with scratch() as folder:
        writer = LogWriter(folder, keep, segment, told.append)
        streams, _ = write(writer, history)
        writer.close()
        reader = LogReader(folder)
        for rank, stream in streams.items():
            found = chunks(reader, rank, final=True)
            lost = sum(chunk.dropped for chunk in found)
            if stream and not found:  # its newest segment went, too: only the end is known
                lost = reader.extent(rank)[1]
            assert text(found) == stream[lost:]
            assert reader.extent(rank)[1] == len(stream)
            own = [drop for drop in told if drop.rank == rank]
            assert sum(drop.bytes for drop in own) == lost
            assert sum(drop.lines for drop in own) == stream[:lost].count(b"\n")
            assert [drop.offset for drop in own] == sorted(drop.offset for drop in own)
        if sum(map(len, streams.values())) <= keep:
            assert not told


@few
@given(blocks, blocks, st.integers(1, 400))
def test_a_second_writer_goes_on_where_the_first_ended(before, after, segment):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        first, _ = write(writer, before)
        writer.close()
        writer = LogWriter(folder, KEEP_ALL, segment)
        second, _ = write(writer, after, start=500.0)  # a clock that was set back
        writer.close()
        reader = LogReader(folder)
        for rank in {**first, **second}:
            found = chunks(reader, rank, final=True)
            assert text(found) == first.get(rank, b"") + second.get(rank, b"")
            assert [chunk.time for chunk in found] == sorted(chunk.time for chunk in found)


@few
@given(blocks, st.integers(1, 400), st.integers(1, 200), st.sampled_from([0.0, 0.05, 1.0]))
def test_a_merge_loses_nothing_and_keeps_each_ranks_order(history, segment, limit, grain):
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, segment)
        streams, _ = write(writer, history)
        writer.close()
        got = dict.fromkeys(streams, b"")
        for rank, chunk in merged(folder, limit=limit, grain=grain):
            assert chunk.rank == rank
            assert chunk.offset == len(got[rank])
            got[rank] += chunk.data
        assert got == streams


@settings(max_examples=8)
@given(st.integers(MAX_LINE - 2, MAX_LINE + 2), st.integers(0, 200_000), st.booleans())
def test_a_line_is_whole_up_to_the_longest_and_in_pieces_beyond(length, before, newline):
    """However it lies in its segment; `length` counts no newline."""
    line = b"x" * length + b"\n" * newline
    stream = b"." * max(before - 1, 0) + b"\n" + line + (b"next\n" if newline else b"")
    with scratch() as folder:
        writer = LogWriter(folder, KEEP_ALL, 64 * 1024)
        for start in range(0, len(stream), 300_000):
            writer.append(0, 1, stream[start : start + 300_000], 1.0)
        writer.end(0, 2.0)
        found = chunks(LogReader(folder), 0, limit=1000)
        assert text(found) == stream
        begin = max(before, 1)
        pieces = [chunk for chunk in found if begin <= chunk.offset < begin + len(line)]
        # A segment may end within the rest of a line that was too long for one piece.
        assert len(pieces) == 1 if len(line) <= MAX_LINE else 2 <= len(pieces) <= 3
        writer.close()
