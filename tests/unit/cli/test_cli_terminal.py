"""What a stream can show."""

from __future__ import annotations

import os
import pty

import pytest
from rich.cells import cell_len

from rankzero.cli.show.lines import visible
from rankzero.cli.show.passing import Passing
from rankzero.cli.show.terminal import screen


@pytest.fixture
def terminal():
    """A real terminal's stream."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as stream:
        yield stream
    os.close(leader)


@pytest.mark.parametrize(
    ("env", "colour"),
    [
        ({"TERM": "xterm"}, True),
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_on_a_terminal(terminal, env, colour):
    shown = screen(terminal, env)
    assert (shown.tty, shown.colour) == (True, colour)


@pytest.mark.parametrize(
    ("env", "colour"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "0"}, False)],
)
def test_colour_in_a_file(tmp_path, env, colour):
    with open(tmp_path / "out", "w") as stream:
        shown = screen(stream, env)
    assert (shown.tty, shown.colour) == (False, colour)


def test_painting_without_colour_changes_nothing(paper):
    assert paper()[0].paint("x", "31") == "x"
    assert paper(colour=True)[0].paint("x", "31") == "\x1b[31mx\x1b[0m"


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "+ 2 x 2 - ok"), ("utf-8", "✓ 2 × 2 · ok")]
)
def test_signs_have_a_plain_form(tmp_path, encoding, shown):
    path = tmp_path / "out"
    with open(path, "w", encoding=encoding) as stream:
        screen(stream, {}).say("✓ 2 × 2 · ok")
    assert path.read_text(encoding) == shown + "\n"


def test_foreign_letters_on_a_plain_screen_are_spelt(tmp_path):
    path = tmp_path / "out"
    with open(path, "w", encoding="ascii") as stream:
        screen(stream, {}).say("name 数")
    assert path.read_text() == "name \\u6570\n"


@pytest.mark.parametrize("text", ["m" * 78, "m" * 77, "数" * 39, "数" * 38, "é" * 77])
def test_a_line_that_passes_fits_on_the_terminal_whatever_is_written_in_it(
    paper, monkeypatch, text
):
    """One that is wider would be broken, and only its end be cleared."""
    monkeypatch.setenv("COLUMNS", "80")
    screen, sheet = paper(tty=True, colour=True)
    Passing(screen).draw(text)
    drawn = visible(sheet.text().lstrip("\r"))
    assert cell_len(drawn) <= 80
    assert drawn.endswith("…") == (cell_len(text) > 77)
