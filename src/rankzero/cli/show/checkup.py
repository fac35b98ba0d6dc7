"""What a check-up finds, line by line."""

from __future__ import annotations

from rankzero.cli.show.terminal import DIM, Screen
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING, Finding

_SIGNS = {FINE: "✓", WARNING: "!", FAILURE: "✗", UNKNOWN: "?"}
_WIDTH = 17


def say_finding(screen: Screen, found: Finding) -> None:
    """`✓ machine  Python  3.12.1 ...`, and below it what to do."""
    head = f"{_SIGNS[found.verdict]} {found.area:<7}  {found.check:<{_WIDTH}}"
    screen.say(f"{head}  {found.said}")
    if found.remedy:
        screen.say(screen.paint(f"{'':<{len(head)}}  {found.remedy}", DIM))
