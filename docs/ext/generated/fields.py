"""The job file, from the JSON Schema that editors use: every key, its default, what it is."""

from __future__ import annotations

import json
from typing import Any

from rankzero.spec import json_schema
from rankzero.spec.pipelines.schema import json_schema as of_a_pipeline
from rankzero.spec.services.model import Service

from .markdown import cell, escaped, table

#: What a pipeline file has that a job file has not.
_OF_PIPELINES = ("pipeline", "step", "mount", "source")


def fields(part: str) -> str:
    """A table of the keys of `job`, or of one of its parts: `role`, `run`, `volume`, ..."""
    rows = ((f"`{name}`", _default(key), _meaning(key)) for name, key in keys(part).items())
    return table(("key", "default", "meaning"), rows)


def keys(part: str) -> dict[str, dict[str, Any]]:
    """The schema of each key of a part of a job, of a pipeline, of a step of one, or of a service.

    Errors: KeyError for a part that there is not.
    """
    if part == "service":
        return _said(Service.model_json_schema()["properties"])
    schema = of_a_pipeline() if part in _OF_PIPELINES else json_schema()
    inner = schema if part in ("job", "pipeline") else schema["$defs"][part.capitalize()]
    found: dict[str, dict[str, Any]] = inner["properties"]
    return found


def _said(found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Without what is nobody's to say."""
    return {name: key for name, key in found.items() if name not in ("program", "code", "weights")}


def _meaning(key: dict[str, Any]) -> str:
    allowed = key.get("enum", [])
    words = f" (one of {', '.join(f'`{word}`' for word in allowed)})" if allowed else ""
    return escaped(cell(key.get("description", "") + words))


def _default(key: dict[str, Any]) -> str:
    value = key.get("default")
    if value in (None, "", [], {}) and value is not False:
        return ""
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"
