"""The ranks' lines on the screen: marked with their rank, by blocks, and harmless.

To a pipe or a file the bytes go as the script wrote them. A terminal obeys control sequences,
so of those only colours reach it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from rankzero.backends.base import marked

if TYPE_CHECKING:
    from rankzero.backends.base import LogBlock
    from rankzero.cli.show.terminal import Screen

#: Legible on a dark and on a light ground, and easy to tell apart from the next one.
_COLOURS = ("36", "33", "35", "32", "34", "96", "93", "95", "92", "94")
_RESET = "\x1b[0m"
_SPECIAL = re.compile(rb"[^\n\t\x20-\x7e]")
# Colours and styles; other CSI sequences; strings (titles, clipboard); the other escapes.
_ESCAPES = re.compile(
    r"(\x1b\[[0-9;:]*m)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Lines:
    """Writes blocks to a screen. marked: put `[rank] ` before each line.

    prefix: stands in the mark before the rank, where lines of several runs are mixed. name: what
    stands in it for the rank's number.
    """

    def __init__(
        self,
        screen: Screen,
        *,
        marked: bool = True,
        prefix: str = "",
        name: Callable[[int], str] = str,
    ) -> None:
        self._screen = screen
        self._marked = marked
        self._prefix, self._name = prefix, name
        self._marks: dict[int, bytes] = {}

    def write(self, block: LogBlock) -> None:
        """Print a block's lines at once. Errors: BrokenPipeError."""
        data = block.data
        if block.dropped:
            lost = f"... {block.dropped} bytes of this rank were dropped (log_keep)\n"
            data = lost.encode() + data
        if not data:
            return
        out = self._binary()
        out.write(self.marked(block.rank, data))
        out.flush()

    def marked(self, rank: int, data: bytes) -> bytes:
        """The lines as they are written: marked, ended, and made safe for a terminal."""
        if self._screen.tty:
            data = harmless(data, self._screen.stream.encoding or "utf-8")
        return marked(data, self._mark(rank) if self._marked else b"")

    def _mark(self, rank: int) -> bytes:
        """`[3] `; on a terminal in the rank's colour, after whatever the last line left on."""
        if rank not in self._marks:
            text = f"[{self._prefix}{self._name(rank)}]"
            if self._screen.colour:
                text = f"\x1b[0;{_COLOURS[rank % len(_COLOURS)]}m{text}{_RESET}"
            self._marks[rank] = (text + " ").encode()
        return self._marks[rank]

    def _binary(self) -> BinaryIO:
        stream = self._screen.stream
        stream.flush()  # what was said as text comes before
        return stream.buffer


def harmless(data: bytes, encoding: str = "utf-8") -> bytes:
    """Bytes that a terminal shows and does not obey: colours stay, other control sequences go,
    undecodable bytes and control characters are spelt out.

    Of a line that a progress bar has drawn over and over, what it drew last is left.
    """
    if _SPECIAL.search(data) is None:
        return data
    if b"\r" in data:
        data = b"\n".join(_last_drawn(line) for line in data.split(b"\n"))
    text = data.decode("utf-8", "backslashreplace")
    text = _ESCAPES.sub(lambda found: found.group(1) or "", text)
    text = _CONTROLS.sub(lambda found: _spelt(found.group()), text)
    if _RESET[:2] in text:  # a colour left on would run into what follows
        body = text.removesuffix("\n")
        text = body.replace("\n", _RESET + "\n") + _RESET + text[len(body) :]
    return text.encode(encoding, "backslashreplace")


def _last_drawn(line: bytes) -> bytes:
    return line.rstrip(b"\r").rpartition(b"\r")[2]


def _spelt(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def visible(text: str) -> str:
    """Foreign text within a line of ours: no control sequence, and no second line."""
    text = _ESCAPES.sub("", text)
    return _CONTROLS.sub(lambda found: _spelt(found.group()), text).replace("\n", " ")
