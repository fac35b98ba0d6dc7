"""A value as the user gave it: what it is, how it was written, and where.

Whatever a request comes from (a file, options, Python) becomes one tree of these first, so
that everything after it is the same for all, and still knows the place of each value.
"""

from __future__ import annotations

import math
import numbers
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from rankzero.spec.problems import Place, Problem

Content: TypeAlias = bool | int | float | str | dict[str, "Given"] | list["Given"] | None

_INT = re.compile(r"[-+]?[0-9]{1,40}|0x[0-9a-fA-F]{1,32}|0o[0-7]{1,40}")
_DIGITS = r"[0-9]{1,40}"
_FLOAT = re.compile(
    rf"[-+]?(\.{_DIGITS}|{_DIGITS}(\.[0-9]{{0,40}})?)([eE][-+]?[0-9]{{1,4}})?|[-+]?\.(inf|Inf|INF)"
)
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


class Given(NamedTuple):
    """See the module. text: a scalar as it was written (`1.10`, which as a number is 1.1)."""

    value: Content
    place: Place = Place()
    text: str = ""

    @property
    def entries(self) -> dict[str, Given]:
        """What a mapping holds; of anything else nothing."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Given]:
        """What a list holds; of anything else nothing."""
        return self.value if isinstance(self.value, list) else []

    @property
    def is_scalar(self) -> bool:
        return self.value is not None and not isinstance(self.value, (dict, list))

    def having(self, **entries: Given | None) -> Given:
        """This mapping with some entries more, or fewer where None. What is said to be a mapping
        and is none stays, for the model to refuse it."""
        if self.value is not None and not isinstance(self.value, dict):
            return self
        merged = {**self.entries, **entries}
        return self._replace(value={key: one for key, one in merged.items() if one is not None})

    def as_text(self) -> Given:
        """A scalar as the text that was written, so that `A: 1.10` stays `1.10`."""
        return self._replace(value=self.text) if self.is_scalar else self

    def find(self, path: Sequence[object]) -> Given:
        """The value at a path, or the nearest one above it."""
        here = self
        for part in path:
            inner: Given | None = None
            if isinstance(part, int) and part < len(here.items):
                inner = here.items[part]
            elif isinstance(part, str):
                inner = here.entries.get(part)
            if inner is None:
                break
            here = inner
        return here

    def plain(self) -> object:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {key: one.plain() for key, one in self.value.items()}
        if isinstance(self.value, list):
            return [one.plain() for one in self.value]
        return self.value


def resolve(text: str) -> bool | int | float | str | None:
    """What an unquoted word means, by YAML 1.2's core rules: `yes`, `on` and `1:30` are words."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        digits = text.lower()
        return int(digits, 16 if "x" in digits else 8 if "o" in digits else 10)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf"))
    return text


def word(text: str, place: Place) -> Given:
    """An unquoted word, as a file or an option has it."""
    return Given(resolve(text), place, text)


def literal(text: str, place: Place) -> Given:
    """Text that is nothing but text."""
    return Given(text, place, text)


def from_python(value: object, place: Place, problems: list[Problem], depth: int = 0) -> Given:
    """Plain Python data as a tree; what has no meaning in a job is a problem."""
    if value is None or isinstance(value, str):
        return Given(value, place, value or "")
    if isinstance(value, bool):
        return Given(value, place, str(value).lower())
    if isinstance(value, numbers.Real):
        number = int(value) if isinstance(value, numbers.Integral) else float(value)
        return Given(number, place, str(number))
    if isinstance(value, os.PathLike):
        return literal(os.fsdecode(value), place)
    if depth < 20 and isinstance(value, Mapping):
        inner = {}
        for key, one in value.items():
            step = place._replace(path=(*place.path, str(key)))
            inner[str(key)] = from_python(one, step, problems, depth + 1)
        return Given(inner, place)
    if depth < 20 and isinstance(value, (list, tuple)):
        steps = [place._replace(path=(*place.path, f"[{i}]")) for i in range(len(value))]
        pairs = zip(value, steps, strict=True)
        return Given([from_python(one, step, problems, depth + 1) for one, step in pairs], place)
    what = (
        "is nested too deeply"
        if depth >= 20
        else f"a value of type {type(value).__name__} has no meaning here"
    )
    problems.append(Problem(place, what))
    return Given(None, place)
