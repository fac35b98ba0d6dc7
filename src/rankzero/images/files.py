"""Files that appear whole or not at all, and are nobody else's."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, data: Any, indent: int | None = None) -> None:  # noqa: ANN401
    """Replace it as a whole, readable by its owner alone: it may hold what a password is worth.
    Errors: OSError, and nothing is left of it then."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(data, indent=indent) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
