"""What libraries return for numbers, as plain JSON."""

from __future__ import annotations

import math
from typing import Any

from rankzero.serving.types.base import BadOutput, name_of


def plain(value: Any, where: str = "") -> Any:
    """JSON of a predictor's value: arrays, tensors and their numbers become lists and numbers.
    Errors: BadOutput, with the place."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadOutput(f"{where or 'it'} is {value}, which JSON cannot hold")
        return float(value)
    if isinstance(value, dict):
        return {_key(key, where): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if callable(listed := getattr(value, "tolist", None)):
        return plain(listed(), where)
    raise BadOutput(f"{where or 'it'} is {name_of(value)}, which is no JSON")


def number(value: Any, where: str) -> float:
    """One finite number. Errors: BadOutput."""
    value = plain(value, where)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadOutput(f"{where} is {name_of(value)}, not a number")
    return float(value)


def _key(key: Any, where: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int):
        return str(key)
    raise BadOutput(f"{where or 'it'} has a key that is {name_of(key)}; JSON's keys are strings")
