"""Outputs that are here already, copied to where somebody wants them."""

from __future__ import annotations

import shutil
from pathlib import Path

from rankzero.agent.worded import in_words
from rankzero.errors import BadRequest, Refused


def copy(source: Path, to: Path) -> Path:
    """Into a folder, beside what is in it. Errors: BadRequest, Refused."""
    if to.resolve() == source.resolve():
        return to
    if to.resolve().is_relative_to(source.resolve()):
        raise BadRequest(f"{to} lies inside {source}, which would be copied into itself.")
    try:
        shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise Refused(f"cannot copy {source} to {to}: {in_words(error)}") from error
    return to
