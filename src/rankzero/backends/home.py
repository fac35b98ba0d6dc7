"""Where this user's rankzero keeps what it knows."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

#: Outputs that clusters hand back come there, in the folder that one is in: a folder a run.
FETCHED = Path("outputs")
#: As `spec.names.run_id` makes them, which costs an import of the model.
_OF_A_RUN = re.compile(r"[a-z][a-z0-9-]*-[0-9a-f]{4}")


def state_home() -> Path:
    """`$XDG_STATE_HOME/rankzero`, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The specification says to ignore a relative path.
    home = base if base.is_absolute() else Path.home() / ".local" / "state"
    return home / "rankzero"


def no_code(outputs: str | None) -> list[Path]:
    """Folders that are no code wherever they lie: a job's outputs, those that were fetched of
    earlier runs, and what rankzero knows, which includes tokens."""
    found = [Path(outputs)] if outputs else []
    with contextlib.suppress(OSError):
        known = FETCHED.absolute().iterdir()
        found += [one for one in known if _OF_A_RUN.fullmatch(one.name)]
    with contextlib.suppress(RuntimeError):  # who has no home keeps nothing there
        found.append(state_home())
    return found
