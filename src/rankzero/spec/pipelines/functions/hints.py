"""What type hints say of a function's parameters, and of what it returns."""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from rankzero.script.steps import parts
from rankzero.spec.pipelines.functions.later import Output

#: What a single value is called where nobody has named it.
RESULT = "result"
#: A value, but of more than one type.
MANY_TYPES = "json"
_SIMPLE: dict[Any, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    list: "list",
    dict: "dict",
    Path: "Path",
}
_NOTHING = (None, type(None), typing.NoReturn)


class BadHint(Exception):
    """A type that no step can take, or hand on; the message says so."""


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Types by parameter, and `return`. Errors: BadHint."""
    try:
        return typing.get_type_hints(function)
    except Exception as error:  # whatever the user's own names do
        raise BadHint(f"its type hints cannot be read: {error}") from None


def kind_of(hint: object) -> str:
    """`Path`, a value's kind, or empty where the hint says nothing. Errors: BadHint."""
    if hint is None or hint is Any or isinstance(hint, typing.TypeVar):
        return ""
    base = get_origin(hint) or hint
    if base is typing.Union or base is types.UnionType:
        members = [one for one in get_args(hint) if one not in _NOTHING]
        return _together({*map(kind_of, members)}, len(members) < len(get_args(hint)))
    if base is typing.Literal:
        kinds = {kind_of(type(one)) for one in get_args(hint) if one is not None}
        return _together(kinds, None in get_args(hint))
    if base is typing.Annotated:
        return kind_of(get_args(hint)[0])
    if base is object:
        return ""
    if isinstance(base, type):
        for known, kind in _SIMPLE.items():
            if issubclass(base, known):
                return kind
        if issubclass(base, os.PathLike) or issubclass(Path, base):
            return "Path"
        if issubclass(base, Sequence) or issubclass(list, base):
            return "list"
        if issubclass(base, Mapping) or issubclass(dict, base):
            return "dict"
    raise BadHint(
        f"has the type {_name(hint)}; a step is a process of its own, and takes and hands on str, "
        "int, float, bool, list, dict, or a pathlib.Path to what is more than that"
    )


def inner_kind(hint: object) -> str:
    """Of a list, the kind of what it holds. Errors: BadHint."""
    args = get_args(hint)
    return kind_of(args[0]) if args and kind_of(hint) == "list" else ""


def returned(types: Mapping[str, Any], names: object) -> list[Output]:
    """What a function hands on. names: as the step's `returns` says. Errors: BadHint."""
    wanted = [str(one) for one in parts(names)] if names is not None else []
    hint = types.get("return")
    if hint in _NOTHING:
        if wanted:
            raise BadHint("has `returns`, and its function no return type, such as -> Path")
        return []
    fields = _fields(hint)
    if fields and not wanted:
        return [_output(name, one, part=True) for name, one in fields.items()]
    if get_origin(hint) is tuple:
        kinds = [one for one in get_args(hint) if one is not ...]
        if len(kinds) != len(wanted):
            raise BadHint(
                f"returns {_name(hint)}: name its parts by a NamedTuple, or by "
                '@step(returns=("one", "another"))'
            )
        return [_output(name, one, part=True) for name, one in zip(wanted, kinds, strict=True)]
    if len(wanted) > 1:
        raise BadHint(f"returns {_name(hint)}, which is one; `returns` names {len(wanted)}")
    return [_output(wanted[0] if wanted else RESULT, hint)]


def of_command(said: object) -> list[Output]:
    """What a command or a job leaves. said: names, or names with `path`, `value` or a type.
    Errors: BadHint."""
    if not isinstance(said, Mapping):
        return [Output(str(name), "Path") for name in parts(said)] if said else []
    words = {"path": "Path", "value": ""}
    return [
        Output(str(name), words[one] if one in ("path", "value") else kind_of(one))
        for name, one in said.items()
    ]


def _fields(hint: object) -> dict[str, Any]:
    """Of a NamedTuple, a dataclass or a TypedDict."""
    if not isinstance(hint, type):
        return {}
    named = issubclass(hint, tuple) and hasattr(hint, "_fields")
    if named or dataclasses.is_dataclass(hint) or typing.is_typeddict(hint):
        return hints_of(hint)
    return {}


def _output(name: str, hint: object, *, part: bool = False) -> Output:
    return Output(name, kind_of(hint) or "any", part, inner_kind(hint))


def _together(kinds: set[str], optional: bool) -> str:
    """Of a value that may be of several types."""
    if kinds == {"int", "float"} and not optional:
        return "float"
    if len(kinds) == 1 and not (optional and kinds != {"Path"}):
        return kinds.pop()
    if "Path" in kinds:
        return "Path" if kinds == {"Path", "str"} else ""
    return MANY_TYPES


def _name(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
