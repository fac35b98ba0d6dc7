"""Names: of jobs, roles, runs. They become host names on a cluster, so they look like ones."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.spec.model import Run

#: A pod's host name is `NAME-7f3a-ROLE-1234`, and may have 63 characters.
LONGEST_NAME = 32
LONGEST_ROLE = 20
_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")


def fault(name: str, longest: int = LONGEST_NAME) -> str | None:
    """Why a name cannot be used, with the nearest one that can; None where it can."""
    if _LABEL.fullmatch(name) and len(name) <= longest:
        return None
    if _LABEL.fullmatch(name):
        rule = f"must have at most {longest} characters"
    else:
        rule = "must be lower-case letters, digits and dashes, beginning with a letter"
    return f'{rule}; "{valid(name, longest)}" would do'


def valid(text: str, longest: int = LONGEST_NAME, otherwise: str = "job") -> str:
    """The valid name nearest to a text."""
    plain = unicodedata.normalize("NFKD", text[:200])
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not name:
        return otherwise
    if not name[0].isalpha():
        name = f"{otherwise}-{name}"
    return name[:longest].rstrip("-")


def default_name(run: Run) -> str:
    """A job's name where the user gave none: the stem of what it runs."""
    if run.script is not None:
        return valid(PurePath(run.script).stem)
    if run.module is not None:
        return valid(run.module.removesuffix(".__main__").rpartition(".")[2])
    words = [word for word in run.command or () if not word.startswith("-")]
    script = next((word for word in words if word.endswith(".py")), words[0] if words else "")
    return valid(PurePath(script).stem)


_TOKEN = re.compile(r"[0-9a-f]{4}")


def is_run_id(text: str) -> bool:
    """Whether it may be one that `run_id` made."""
    name, _, token = text.rpartition("-")
    return bool(_LABEL.fullmatch(name) and _TOKEN.fullmatch(token))


def run_id(name: str, token: str) -> str:
    """A run's id: `train-7f3a`, of the job's name and a few characters that tell runs apart."""
    return f"{name}-{token}"
