"""Params: typed values that `--set` changes, and `${name}` that stands for them.

`$${` is a plain `${`. Words that are typed after `--` on the command line are never filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from rankzero.spec.given import Content, Given, literal, resolve, word
from rankzero.spec.model import TYPE_WORDS, Param, Scalar, param_fault
from rankzero.spec.problems import Place, Problem, did_you_mean, shown

_USE = re.compile(r"\$(\$\{)|\$\{([^}]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_KEYS = ("type", "default", "help", "choices", "min", "max")
#: Around a param's name that stands for itself: signs of Unicode's private use, which no job has.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


def escape(text: str) -> str:
    """The text that `fill` turns back into this one."""
    return text.replace("${", "$${")


def unmarked(text: str, stand_in: Callable[[str], str]) -> str:
    """A text that was filled with names (`Params.fill`), each with what stands for it."""
    return _MARKED.sub(lambda found: stand_in(found[1]), text)


def is_name(text: str) -> bool:
    """Whether a param may be called so."""
    return _NAME.fullmatch(text) is not None


class Params:
    """The params of one job, with the values that this request gives them."""

    def __init__(self, declared: Given, sets: Sequence[str], problems: list[Problem]) -> None:
        self.values: dict[str, Param] = {}
        self._problems = problems
        self._known = list(declared.entries)
        changes = self._changes(sets)
        if declared.value is not None and not isinstance(declared.value, dict):
            problems.append(Problem(declared.place, "must be a mapping of names to values"))
        for name, given in declared.entries.items():
            if is_name(name):
                self._declare(name, given, changes.get(name))
            else:
                message = "a param's name is letters, digits and underscores"
                problems.append(Problem(given.place, message))

    @property
    def standing(self) -> dict[str, Param]:
        """The values; of a param that has none, which was told, something in its place."""
        missing = Param.model_construct(type="str", value="1", help="")
        return {**dict.fromkeys(self._known, missing), **self.values}

    def fill(self, given: Given, *, marked: bool = False) -> Given:
        """The same value with every `${name}` replaced. A value without one stays as it was;
        one that is all `${name}` has the param's own type. marked: by its name, for `unmarked`."""
        if not isinstance(given.value, str) or "${" not in given.value:
            return given
        text = _USE.sub(lambda found: self._replacement(found, given, marked), given.value)
        return given._replace(value=text, text=text)

    def _replacement(self, found: re.Match[str], given: Given, marked: bool) -> str:
        if found[1]:
            return "${"
        name = found[2]
        if marked and name in self.values:
            return f"{_OPEN}{name}{_CLOSE}"
        if name is None:
            self._problems.append(Problem(given.place, "`${` without `}`; for the text, `$${`"))
            return ""
        if name in self.values:
            return text_of(self.values[name].value)
        if name not in self._known:
            near = did_you_mean(name, self._known) or f"; for the text itself write `$${{{name}}}`"
            message = f"`${{{name}}}` names no param{near}"
            self._problems.append(Problem(given.place, message))
        return "1"

    def _changes(self, sets: Sequence[str]) -> dict[str, Given]:
        changes = {}
        for one in sets:
            name, equals, text = one.partition("=")
            place = Place(option=f"--set {name}")
            if not equals:
                self._problems.append(Problem(place, "must be name=value"))
            elif name not in self._known:
                near = did_you_mean(name, self._known) or "; this job has no params"
                self._problems.append(Problem(place, f"no param has this name{near}"))
            else:
                changes[name] = word(text, place)
        return changes

    def _declare(self, name: str, given: Given, change: Given | None) -> None:
        said = given.entries if isinstance(given.value, dict) else {"default": given}
        for key, one in said.items():
            if key not in _KEYS:
                message = f"unknown key{did_you_mean(key, _KEYS)}"
                self._problems.append(Problem(one.place, message))
        default = said.get("default", Given(None, given.place))
        kind = self._type(said.get("type"), change if default.value is None else default)
        if change is not None and (kind == "str" or not change.text):
            change = literal(change.text, change.place)
        chosen = change or default
        if chosen.value is None:
            message = f"has no value; give it a default, or --set {name}=VALUE"
            self._problems.append(Problem(given.place, message))
            return
        if isinstance(chosen.value, (list, dict)):
            message = f"must be a text, a number, or true or false; got {shown(chosen.value)}"
            self._problems.append(Problem(chosen.place, message))
            return
        choices = said.get("choices")
        if choices is not None and not isinstance(choices.value, list):
            self._problems.append(Problem(choices.place, "must be a list"))
            choices = None
        value = _coerced(chosen, kind)
        options = tuple(_coerced(one, kind) for one in choices.items) if choices else None
        low, high = self._limit(said.get("min")), self._limit(said.get("max"))
        wrong = _fault(kind, value, options, low, high)
        if wrong:
            self._problems.append(Problem(chosen.place, f"{wrong}; got {shown(chosen.value)}"))
            return
        help_text = said["help"].text if "help" in said else ""
        self.values[name] = Param.model_construct(
            type=kind, value=value, help=help_text, choices=options, min=low, max=high
        )

    def _type(self, said: Given | None, sample: Given | None) -> str:
        if said is not None:
            if isinstance(said.value, str) and said.value in TYPE_WORDS:
                return said.text
            known = did_you_mean(said.text, TYPE_WORDS)
            message = f"must be int, float, str or bool; got {shown(said.value)}{known}"
            self._problems.append(Problem(said.place, message))
        kind = type(sample.value).__name__ if sample else "str"
        return kind if kind in TYPE_WORDS else "str"

    def _limit(self, given: Given | None) -> float | None:
        if given is None or given.value is None:
            return None
        if isinstance(given.value, bool) or not isinstance(given.value, (int, float)):
            self._problems.append(Problem(given.place, "must be a number"))
            return None
        return given.value


def text_of(value: Scalar) -> str:
    """A param's value as a word of a command."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_given(params: Mapping[str, Param], place: Place) -> Given:
    """Params in the tree that becomes the job."""
    return Given(
        {name: Given(_content(param.model_dump()), place) for name, param in params.items()}, place
    )


def _content(data: Mapping[str, object]) -> Content:
    content: dict[str, Given] = {}
    for key, value in data.items():
        if isinstance(value, tuple):
            content[key] = Given([Given(one) for one in value])
        elif value is None or isinstance(value, (bool, int, float, str)):
            content[key] = Given(value)
    return content


def _coerced(given: Given, kind: str) -> Content:
    """A value in the param's type where that loses nothing: `1` as a float, `5` as text."""
    value = given.value
    if kind == "str" and given.is_scalar:
        return given.text
    if isinstance(value, str) and kind in ("int", "float", "bool"):
        value = resolve(value)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e300 else value
    return value


def _fault(
    kind: str, value: Content, options: tuple[Content, ...] | None, low: object, high: object
) -> str | None:
    if not isinstance(value, (bool, int, float, str)):
        return f"must be {TYPE_WORDS[kind]}"
    limits = [one if isinstance(one, (int, float)) else None for one in (low, high)]
    choices: list[Scalar] = []
    for option in options or ():
        if not isinstance(option, (bool, int, float, str)):
            return "must have choices that are single values"
        message = param_fault(kind, option)
        if message:
            return f"choices: each {message}"
        choices.append(option)
    return param_fault(kind, value, None if options is None else tuple(choices), *limits)
