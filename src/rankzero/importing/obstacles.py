"""What still keeps an imported job from running where its file stands. Looks at files, and runs
none."""

from __future__ import annotations

from pathlib import Path

from rankzero.importing.drafts import Imported
from rankzero.spec import SpecError, build


def obstacles(made: Imported, folder: Path) -> list[str]:
    """Each in a sentence's words. folder: where the job file stands, from which its paths count."""
    try:
        build(made.job, base=folder)
    except SpecError as error:
        return [problem.message for problem in error.problems]
    return []
