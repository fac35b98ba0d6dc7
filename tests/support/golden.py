"""Golden files: what was made, beside what was made when somebody last looked at it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml


def as_it_was(path: Path, objects: Iterable[Mapping[str, Any]]) -> tuple[Any, Any]:
    """(what was made, what the file says), of objects of a cluster. With RANKZERO_RENEW_GOLDEN the
    file is written anew, to be looked at."""
    made = [json.loads(json.dumps(one)) for one in objects]
    if os.environ.get("RANKZERO_RENEW_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump_all(made, sort_keys=False), encoding="utf-8")
    return made, list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
