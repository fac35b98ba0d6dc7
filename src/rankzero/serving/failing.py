"""A predictor that cannot be loaded, in words: what was raised, and where in the user's own
code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import rankzero
from rankzero.agent import exits, starter_record
from rankzero.errors import Error

_OURS = str(Path(rankzero.__file__).parent) + os.sep


def told(error: BaseException, target: str) -> dict[str, Any]:
    """message, hint and exit code, as `said.FAILED` carries them."""
    if isinstance(error, Error):
        return {"message": str(error.args[0]), "hint": error.hint, "exit": error.exit_code}
    record = recorded(error)
    first = str(record["message"]).strip().splitlines()
    lines = [f"{target} cannot be loaded: {record['type']}" + (f": {first[0]}" if first else "")]
    if frames := record["frames"]:
        last = frames[-1]
        lines.append(f"  {_near(last['file'])}:{last['line']} in {last['function']}")
        if last["source"]:
            lines.append(f"    {last['source']}")
    hint = "The whole traceback is in the line of kind load-failed above."
    return {"message": "\n".join(lines), "hint": hint, "exit": exits.JOB_FAILED}


def recorded(error: BaseException) -> dict[str, Any]:
    """An exception as data. Frames of ours are not what its reader looks for."""
    record = starter_record.as_data(error, error.__traceback__)
    del record["time"]
    record["frames"] = [one for one in record["frames"] if not one["file"].startswith(_OURS)]
    return record


def _near(file: str) -> str:
    """A file below the current folder by its short name."""
    here = os.getcwd() + os.sep  # noqa: PTH109 - of a string, not of a path
    return file[len(here) :] if file.startswith(here) else file
