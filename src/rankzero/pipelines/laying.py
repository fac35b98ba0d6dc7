"""What was handed on, where people and steps look for it by its name."""

from __future__ import annotations

import os
from pathlib import Path

from rankzero.driver.engine import Given
from rankzero.driver.facts import Output


def lay(place: Path, given: Given) -> None:
    """A link to an artifact, or a file with a value; of a fan-out a folder of them, by their
    places. What is there already stays. Errors: OSError."""
    if not isinstance(given, Output):
        place.mkdir(exist_ok=True)
        for at, one in enumerate(given):
            lay(place / str(at), one)
    elif os.path.lexists(place):
        return
    elif given.where:
        place.symlink_to(given.where)
    else:
        place.write_text(given.value + "\n", encoding="utf-8")
