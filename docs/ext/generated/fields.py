"""The job file, from the models that check it: every key, its default, what it is."""

from __future__ import annotations

import json

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rankzero.spec.model import Job, Param, Role, Run, Torch

from .markdown import cell, escaped, table

_MODELS: dict[str, type[BaseModel]] = {
    "job": Job,
    "role": Role,
    "run": Run,
    "torch": Torch,
    "param": Param,
}


def fields(model: str) -> str:
    """A table of a model's keys."""
    found = _MODELS[model].model_fields
    rows = ((f"`{name}`", _default(field), _meaning(field)) for name, field in found.items())
    return table(("key", "default", "meaning"), rows)


def _meaning(field: FieldInfo) -> str:
    return escaped(cell(field.description or ""))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or value in ((), {}):
        return ""
    if isinstance(value, BaseModel):
        return _range(value.model_dump())
    return f"`{json.dumps(value) if isinstance(value, bool) else _written(value)}`"


def _range(value: dict[str, object]) -> str:
    return "`1`" if value == {"minimum": 1, "maximum": 1} else ""


def _written(value: object) -> str:
    """Defaults as a job file would have them."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int) and value and value % 1024**2 == 0:
        return f"{value // 1024**2}Mi"
    return str(value)
