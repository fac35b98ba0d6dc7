"""What a check-up finds, line by line."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from rankzero.cli.show.terminal import DIM, Screen
from rankzero.doctor.bundle.file import Entry
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING, Finding
from rankzero.why.words import count, size

_SIGNS = {FINE: "✓", WARNING: "!", FAILURE: "✗", UNKNOWN: "?"}
_WIDTH = 17


def say_finding(screen: Screen, found: Finding) -> None:
    """`✓ machine  Python  3.12.1 ...`, and below it what to do."""
    head = f"{_SIGNS[found.verdict]} {found.area:<7}  {found.check:<{_WIDTH}}"
    screen.say(f"{head}  {found.said}")
    if found.remedy:
        screen.say(screen.paint(f"{'':<{len(head)}}  {found.remedy}", DIM))


def written(found: Iterable[Finding]) -> str:
    """The same as a text."""
    text = io.StringIO()
    for one in found:
        say_finding(Screen(text, tty=False, colour=False, signs=True), one)
    return text.getvalue()


def say_bundle(screen: Screen, file: Path, entries: Sequence[Entry]) -> None:
    """What went in, and what to do before it goes anywhere."""
    screen.say(f"\n{file} holds {count(len(entries), 'file')}:")
    for one in entries:
        screen.say(f"{size(one.size):>9}  {one.path}")
    screen.say(
        "Nothing was sent. Secrets that were recognized are taken out; look through it before you "
        f"send it: tar -xzf {file}"
    )
