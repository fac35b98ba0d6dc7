"""The texts of a step: params are filled in now, and what only its doing knows is left to it.

A text that this gives is in the form of `driver.filling`: `${inputs.data}` stands for what comes
later, `$${` for a plain `${`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rankzero.driver import filling
from rankzero.spec.given import Given, literal
from rankzero.spec.model import Param
from rankzero.spec.params import Params, escape, is_name, text_of
from rankzero.spec.problems import Place, Problem

# Private characters of Unicode: no text that people write holds them.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")


def marks(names: Iterable[str]) -> dict[str, Given]:
    """Params that stand for what comes later, to be declared beside those that have a value. Names
    that none can have are told where they stand."""
    return {name: literal(f"{_OPEN}{name}{_CLOSE}", Place()) for name in names if is_name(name)}


def settled(params: Mapping[str, Param]) -> dict[str, Given]:
    """Params with the values that they have by now, to be declared once more."""
    return {name: Given(one.value, Place(), text_of(one.value)) for name, one in params.items()}


def unmarked(value: Any) -> Any:  # noqa: ANN401
    """A text, or plain data full of texts, that `marks` were filled into, in the form of
    `driver.filling`."""
    if isinstance(value, str):
        return _MARK.sub(r"${\1}", escape(value))
    if isinstance(value, Mapping):
        return {unmarked(key): unmarked(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [unmarked(one) for one in value]
    return value


def split(given: Given, problems: list[Problem]) -> Given:
    """A command that is one text, word by word as a shell would split it."""
    if not given.is_scalar:
        return given
    try:
        words = [literal(word, given.place) for word in shlex.split(given.text)]
    except ValueError as error:
        problems.append(Problem(given.place, f"{error}".lower()))
        words = []
    return given._replace(value=words)


def later_in(value: Any) -> bool:  # noqa: ANN401
    """Whether a text, or plain data full of texts, names what comes later."""
    if isinstance(value, Mapping):
        return any(map(later_in, [*value, *value.values()]))
    if isinstance(value, (list, tuple)):
        return any(map(later_in, value))
    return isinstance(value, str) and bool(_MARKS.search(value))


class Texts:
    """Fills the texts of one step. later: the names that only its doing knows."""

    def __init__(
        self, params: Mapping[str, Param], later: Iterable[str], problems: list[Problem]
    ) -> None:
        self._problems, self._later = problems, set(later)
        self._params = Params(Given({**settled(params), **marks(self._later)}), (), problems)

    def fill(self, given: Given) -> Given:
        """A text, or a mapping or list of texts; what is neither stays."""
        return self._each(given, self._filled)

    def mark(self, given: Given) -> Given:
        """As `fill`, but not yet in the form of `driver.filling`: see `unmarked`."""
        return self._each(given, self._marked)

    def words(self, given: Given) -> Given:
        """As `fill`, with every scalar as the text that was written: for a command's words."""
        if given.items:
            return given._replace(value=[self.fill(one.as_text()) for one in given.items])
        if given.entries:
            filled = {key: self.fill(one.as_text()) for key, one in given.entries.items()}
            return given._replace(value=filled)
        return self.fill(given.as_text())

    # -- inside

    def _each(self, given: Given, change: Callable[[Given], str]) -> Given:
        if isinstance(given.value, dict):
            inner = {key: self._each(one, change) for key, one in given.value.items()}
            return given._replace(value=inner)
        if isinstance(given.value, list):
            return given._replace(value=[self._each(one, change) for one in given.value])
        if not isinstance(given.value, str):
            return given
        text = change(given)
        return given._replace(value=text, text=text)

    def _filled(self, given: Given) -> str:
        return str(unmarked(self._marked(given)))

    def _marked(self, given: Given) -> str:
        filled = self._params.fill(given).text
        if _MARKS.search(given.text) or set(_MARK.findall(filled)) - self._later:
            message = "must not hold the private characters U+E000 and U+E001"
            self._problems.append(Problem(given.place, message))
        return filled


class Conditions(Texts):
    """Fills conditions: a param stands there as a value of its own, in quotes where it is text."""

    def __init__(
        self, params: Mapping[str, Param], later: Iterable[str], problems: list[Problem]
    ) -> None:
        super().__init__({}, [*params, *later], problems)
        self._values = {name: text_of(one.value) for name, one in params.items()}

    def fill(self, given: Given) -> Given:
        filled = super().fill(given)
        text = filling.filled_in_part(filled.text, self._value)
        return filled._replace(value=text, text=text)

    def _value(self, name: str) -> str | None:
        return filling.literal(self._values[name]) if name in self._values else None
