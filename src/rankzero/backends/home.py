"""Where this user's rankzero keeps what it knows."""

from __future__ import annotations

import os
from pathlib import Path


def state_home() -> Path:
    """`$XDG_STATE_HOME/rankzero`, by the XDG base directory specification."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The specification says to ignore a relative path.
    home = base if base.is_absolute() else Path.home() / ".local" / "state"
    return home / "rankzero"
