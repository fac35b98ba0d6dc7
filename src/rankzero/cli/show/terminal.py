"""What the streams can show: colour, signs, width. Asked once, passed on."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple, TextIO

RED, GREEN, YELLOW, BOLD, DIM = "31", "32", "33", "1", "2"

#: For a screen whose encoding lacks our signs.
_PLAIN = str.maketrans({"✓": "+", "✗": "x", "■": "#", "·": "-", "×": "x", "–": "-", "…": "~"})


class Screen(NamedTuple):
    """One output stream. tty: people look at it; colour: it may carry SGR sequences;
    signs: its encoding has ✓, × and ·."""

    stream: TextIO
    tty: bool
    colour: bool
    signs: bool

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, where there is colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def width(self) -> int:
        """Columns of a line: what COLUMNS says, else the terminal's own, else 80."""
        from shutil import get_terminal_size

        return get_terminal_size().columns

    def say(self, text: str) -> None:
        """Write one line (or several) at once; what the encoding lacks is written plainly."""
        if not self.signs:
            text = text.translate(_PLAIN)
            encoding = self.stream.encoding or "ascii"
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self.stream.write(text + "\n")
        self.stream.flush()


def screen(stream: TextIO, environ: Mapping[str, str] | None = None) -> Screen:
    """What this stream can show. FORCE_COLOR asks for colour without a terminal; NO_COLOR, and
    a terminal of the kind `dumb`, refuse it; NO_COLOR comes first."""
    env = os.environ if environ is None else environ
    tty = stream.isatty()
    colour = tty and env.get("TERM") != "dumb"
    if env.get("FORCE_COLOR") not in (None, "", "0"):
        colour = True
    if env.get("NO_COLOR"):
        colour = False
    return Screen(stream, tty, colour, _has_signs(stream))


def out() -> Screen:
    """Where the ranks' lines and every verb's answer go."""
    return screen(sys.stdout)


def err() -> Screen:
    """Where rankzero's own remarks go, so that a pipe gets the ranks' lines alone."""
    return screen(sys.stderr)


def _has_signs(stream: TextIO) -> bool:
    try:
        "✓✗■·×–…".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
