"""A node's log as it is printed, and read back byte by byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rankzero.agent.logs import printed
from rankzero.agent.logs.printed import Note, Piece, Printer, parse

#: Blocks as pipes give them: lines, carriage returns, marks that a rank writes itself.
BLOCKS = st.lists(
    st.sampled_from([b"a line\n", b"part", b"\n", b"\r", b"\r\n", b"[0] ", b"[0+] x", b"\xff\0"]),
    max_size=30,
)


def read(out: bytes) -> list[Note | Piece]:
    assert out == b"" or out.endswith(b"\n")
    return [found for line in out.split(b"\n")[:-1] if (found := parse(line))]


def data(found: list[Note | Piece], rank: int) -> bytes:
    return b"".join(one.data for one in found if isinstance(one, Piece) and one.rank == rank)


@given(BLOCKS, BLOCKS)
def test_what_ranks_wrote_is_read_back_as_it_was(first: list[bytes], second: list[bytes]) -> None:
    printer, out, offsets = Printer("book"), b"", [0, 0]
    for rank, blocks in ((0, first), (1, second)):
        for block in blocks:
            out += printer.write(rank, 1, offsets[rank], block)
            offsets[rank] += len(block)
    out += printer.end(0) + printer.end(1)

    found = read(out)

    assert data(found, 0) == b"".join(first)
    assert data(found, 1) == b"".join(second)


def test_a_line_is_marked_with_its_rank_and_notes_say_where_it_stands() -> None:
    printer = Printer("5f0c")

    out = printer.write(3, 1, 0, b"one\ntwo\nthr") + printer.end(3)

    assert out.decode().splitlines() == [
        "[rankzero] rank 3, generation 1, byte 0, log 5f0c",
        "[3] one",
        "[3] two",
        "[3+] thr",
        "[rankzero] rank 3, generation 1, byte 11, log 5f0c",
    ]


def test_a_generation_begins_with_a_note() -> None:
    printer = Printer("b")

    found = read(printer.write(0, 1, 0, b"a") + printer.write(0, 2, 1, b"b\n"))

    assert found == [
        Note(0, 1, 0, "b"),
        Piece(0, b"a"),
        Note(0, 2, 1, "b"),
        Piece(0, b"b\n"),
    ]


def test_after_a_loss_all_ranks_are_told_anew_before_their_next_piece() -> None:
    printer = Printer("b")
    printer.write(0, 1, 0, b"seen\n")
    printer.write(1, 1, 0, b"other\n")
    printer.write(0, 1, 5, b"left out\n")
    printer.lost()

    found = read(printer.write(1, 1, 6, b"next\n"))

    assert found == [Note(0, 1, 14, "b"), Note(1, 1, 6, "b"), Piece(1, b"next\n")]


def test_notes_come_often_enough_for_any_part_of_a_log() -> None:
    printer, offset, out = Printer("b"), 0, b""
    line = b"x" * 99 + b"\n"
    for _ in range(4 * printed.MEMO // len(line)):
        out += printer.write(0, 1, offset, line)
        offset += len(line)

    notes = [one for one in read(out) if isinstance(one, Note)]

    assert 4 <= len(notes) <= 6
    assert all(note.offset % len(line) == 0 for note in notes)


def test_a_line_without_end_goes_in_pieces() -> None:
    printer = Printer("b")
    block = b"x" * (700 * 1024)

    found = read(printer.write(0, 1, 0, block) + printer.write(0, 1, len(block), block))

    assert len(data(found, 0)) == 2 * len(block)


def test_other_lines_are_nobodys() -> None:
    for line in (b"", b"Traceback", b"[x] y", b"[rankzero] {}", b"[3]x", b"[-1] y"):
        assert parse(line) is None
