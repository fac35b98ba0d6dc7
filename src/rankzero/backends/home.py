"""Where this user's rankzero keeps what it knows."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

#: Outputs that clusters hand back come there, in the folder that one is in: a folder a run.
FETCHED = Path("outputs")


def state_home() -> Path:
    """`$XDG_STATE_HOME/rankzero`, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The specification says to ignore a relative path.
    home = base if base.is_absolute() else Path.home() / ".local" / "state"
    return home / "rankzero"


def no_code(outputs: str | None) -> list[Path]:
    """Folders that are no code wherever they lie: a job's outputs, those that were fetched of
    earlier runs, and what rankzero knows, which includes tokens."""
    from rankzero.spec.names import is_run_id

    found = [Path(outputs)] if outputs else []
    with contextlib.suppress(OSError):
        known = FETCHED.absolute().iterdir()
        found += [one for one in known if is_run_id(one.name)]
    with contextlib.suppress(RuntimeError):  # who has no home keeps nothing there
        found.append(state_home())
    return found
