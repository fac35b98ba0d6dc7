"""The ranks' lines: marked, complete, and harmless on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.backends.base import LogBlock
from rankzero.cli.show.lines import Lines, harmless, visible


def block(data, rank=0, dropped=0):
    return LogBlock(rank, "worker/0", 1, 0.0, data, dropped)


def test_every_line_is_marked(paper):
    screen, sheet = paper()
    Lines(screen).write(block(b"a\n\nb\n", rank=12))
    assert sheet.bytes() == b"[12] a\n[12] \n[12] b\n"


def test_a_last_line_without_its_end_gets_one(paper):
    screen, sheet = paper()
    lines = Lines(screen)
    lines.write(block(b"a\nb"))
    lines.write(block(b"c\n", rank=1))
    assert sheet.bytes() == b"[0] a\n[0] b\n[1] c\n"


def test_nothing_is_printed_for_nothing(paper):
    screen, sheet = paper()
    Lines(screen).write(block(b""))
    assert sheet.bytes() == b""


def test_what_was_dropped_is_told_in_its_place(paper):
    screen, sheet = paper()
    Lines(screen).write(block(b"a\n", dropped=700))
    assert sheet.text() == "[0] ... 700 bytes of this rank were dropped (log_keep)\n[0] a\n"


def test_several_runs_are_told_apart(paper):
    screen, sheet = paper()
    Lines(screen, prefix="digits-7f3a ").write(block(b"a\n", rank=3))
    assert sheet.text() == "[digits-7f3a 3] a\n"


def test_text_that_was_said_before_comes_before(paper):
    screen, sheet = paper()
    screen.stream.write("plan\n")
    Lines(screen).write(block(b"a\n"))
    assert sheet.text() == "plan\n[0] a\n"


@given(st.binary(min_size=1))
def test_without_marks_a_pipe_gets_the_very_bytes(data):
    from rankzero.cli.show.terminal import Screen

    lines = Lines(Screen(None, False, False, True), marked=False)
    assert lines.marked(0, data).removesuffix(b"\n") == data.removesuffix(b"\n")


@given(st.binary(min_size=1))
def test_marks_can_be_taken_off_again(data):
    from rankzero.cli.show.terminal import Screen

    marked = Lines(Screen(None, False, False, True)).marked(7, data)
    assert marked.endswith(b"\n")
    lines = marked[:-1].split(b"\n")
    assert all(line.startswith(b"[7] ") for line in lines)
    assert b"\n".join(line[4:] for line in lines) == data.removesuffix(b"\n")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"plain \t text\n", b"plain \t text\n"),
        ("größer · 数\n".encode(), "größer · 数\n".encode()),
        (b"\xff\xfe\n", b"\\xff\\xfe\n"),
        (b"a\x07b\x00\n", b"a\\x07b\\x00\n"),
        (b"\x1b[31mred\x1b[0m\n", b"\x1b[31mred\x1b[0m\x1b[0m\n"),
        (b"\x1b[31mon\nand on\n", b"\x1b[31mon\x1b[0m\nand on\x1b[0m\n"),
        (b"\x1b[2J\x1b[Hwiped\n", b"wiped\n"),
        (b"\x1b]0;title\x07kept\n", b"kept\n"),
        (b"\x1b]52;c;clipboard\x1b\\kept\n", b"kept\n"),
        (b"\x1bPdevice\x1b\\kept\n", b"kept\n"),
        (b"\x1bc\x1b(0kept\n", b"kept\n"),
        (b"\xc2\x9b2Jkept\n", b"kept\n"),
        (b"\x1b[31", b"31"),
        (b"10%\r20%\r30%\n", b"30%\n"),
        (b"dos\r\n", b"dos\n"),
        ("a\u202eb\n".encode(), b"a\\u202eb\n"),
    ],
)
def test_a_terminal_shows_and_does_not_obey(data, shown):
    assert harmless(data) == shown


@given(st.binary())
def test_no_control_but_colours_ever_reaches_a_terminal(data):
    import re

    shown = harmless(data).decode()
    assert not re.search(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]", shown)
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;:]*m", "", shown)
    assert shown.count("\n") == data.count(b"\n")


def test_a_terminal_of_another_encoding_gets_what_it_can_show():
    assert harmless("größer 数\n".encode(), "latin-1") == b"gr\xf6\xdfer \\u6570\n"


def test_marks_are_coloured_by_rank_where_there_is_colour(paper):
    screen, sheet = paper(tty=True, colour=True)
    lines = Lines(screen)
    lines.write(block(b"a\n", rank=0))
    lines.write(block(b"b\n", rank=1))
    first, second = sheet.text().splitlines()
    assert first == "\x1b[0;36m[0]\x1b[0m a"
    assert second == "\x1b[0;33m[1]\x1b[0m b"


def test_foreign_text_stays_within_its_line():
    assert visible("a\x1b[31mb\nc\x07\x1b]0;t\x07") == "ab c\\x07"
