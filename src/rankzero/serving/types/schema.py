"""JSON Schema, as much of it as describes a request: compiled once into nested functions, each of
which says in one sentence what is wrong, and where.

Known: type, enum, const, properties, required, additionalProperties, items, minItems, maxItems,
uniqueItems, minLength, maxLength, pattern, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
anyOf; and the words that only describe. Anything else is an error when the schema is given, not
silence when a request comes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

#: (value, its place) -> what is wrong, or None.
Check = Callable[[Any, str], "str | None"]

_SAID = {
    "title",
    "description",
    "default",
    "examples",
    "$schema",
    "$id",
    "$comment",
    "format",
    "deprecated",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def compiled(schema: Any, where: str = "") -> Check:
    """The check that a schema stands for. Errors: ValueError, with the place in the schema."""
    if schema is True:
        return lambda value, place: None
    if schema is False:
        return lambda value, place: f"{place or 'The body'} must not be there."
    if not isinstance(schema, Mapping):
        raise ValueError(f"the schema{where} is no object")
    unknown = set(schema) - _SAID - set(_MAKERS) - {"additionalProperties", "required"}
    if unknown:
        raise ValueError(
            f'the schema{where} has "{sorted(unknown)[0]}", which rankzero does not check'
        )
    checks = [_MAKERS[word](schema, where) for word in _MAKERS if word in schema]
    if "properties" not in schema and ("required" in schema or "additionalProperties" in schema):
        checks.append(_properties(schema, where))
    return _all(checks)


def _all(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]

    def check(value: Any, place: str) -> str | None:
        for one in checks:
            if wrong := one(value, place):
                return wrong
        return None

    return check


def _type(schema: Mapping[str, Any], where: str) -> Check:
    names = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    if wrong := [name for name in names if name not in _TYPES]:
        raise ValueError(f'the schema{where} has the unknown type "{wrong[0]}"')
    kinds = tuple(kind for name in names for kind in _TYPES[name])
    words = " or ".join(names)
    booleans = bool in kinds

    def check(value: Any, place: str) -> str | None:
        if isinstance(value, kinds) and (booleans or not isinstance(value, bool)):
            return None
        if int in kinds and isinstance(value, float) and value.is_integer():
            return None
        return f"{place or 'The body'} is {_word(value)}, not {words}."

    return check


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return next(
        name for name, kinds in _TYPES.items() if isinstance(value, kinds) and name != "boolean"
    )


def _properties(schema: Mapping[str, Any], where: str) -> Check:
    known = {
        name: compiled(one, f"{where}.{name}") for name, one in schema.get("properties", {}).items()
    }
    required = tuple(schema.get("required", ()))
    rest = schema.get("additionalProperties", True)
    others = None if rest is True else compiled(rest, f"{where}.*")

    def check(value: Any, place: str) -> str | None:
        if not isinstance(value, dict):
            return None
        for name in required:
            if name not in value:
                return f'{place or "The body"} lacks "{name}".'
        for name, item in value.items():
            one = known.get(name)
            if one is None:
                if rest is False:
                    return f'{place or "The body"} has "{name}", which is not known.'
                one = others
            if one is not None and (wrong := one(item, f"{place}.{name}" if place else name)):
                return wrong
        return None

    return check


def _items(schema: Mapping[str, Any], where: str) -> Check:
    one = compiled(schema["items"], f"{where}[]")

    def check(value: Any, place: str) -> str | None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                if one(item, ""):  # the place is only put together where it is told
                    return one(item, f"{place}[{index}]")
        return None

    return check


def _enum(schema: Mapping[str, Any], where: str) -> Check:
    allowed = {_canonical(one) for one in schema["enum"]}
    words = ", ".join(json.dumps(one) for one in schema["enum"])

    def check(value: Any, place: str) -> str | None:
        if _canonical(value) in allowed:
            return None
        return f"{place or 'The body'} is none of {words}."

    return check


def _canonical(value: Any) -> str:
    """The same text for what JSON Schema takes for the same: 1 and 1.0, and not 1 and true."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return value


def _const(schema: Mapping[str, Any], where: str) -> Check:
    return _enum({"enum": [schema["const"]]}, where)


def _any_of(schema: Mapping[str, Any], where: str) -> Check:
    checks = [compiled(one, f"{where}.anyOf[{place}]") for place, one in enumerate(schema["anyOf"])]

    def check(value: Any, place: str) -> str | None:
        wrongs = [one(value, place) for one in checks]
        return None if not all(wrongs) else f"None of these holds: {' '.join(filter(None, wrongs))}"

    return check


def _pattern(schema: Mapping[str, Any], where: str) -> Check:
    expression = re.compile(schema["pattern"])

    def check(value: Any, place: str) -> str | None:
        if isinstance(value, str) and not expression.search(value):
            return f"{place or 'The body'} does not match {expression.pattern}."
        return None

    return check


def _unique(schema: Mapping[str, Any], where: str) -> Check:
    def check(value: Any, place: str) -> str | None:
        if not isinstance(value, list) or not schema["uniqueItems"]:
            return None
        if len({_canonical(one) for one in value}) == len(value):
            return None
        return f"{place or 'The body'} has the same item twice."

    return check


def _bound(word: str, holds: Callable[[float, float], bool], says: str) -> Callable[..., Check]:
    def make(schema: Mapping[str, Any], where: str) -> Check:
        bound = schema[word]

        def check(value: Any, place: str) -> str | None:
            if (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and not holds(value, bound)
            ):
                return f"{place or 'The body'} is {value}; it has to be {says} {bound}."
            return None

        return check

    return make


def _length(word: str, kind: type, most: bool, of: str) -> Callable[..., Check]:
    def make(schema: Mapping[str, Any], where: str) -> Check:
        bound, side = int(schema[word]), "at most" if most else "at least"

        def check(value: Any, place: str) -> str | None:
            if not isinstance(value, kind):
                return None
            length = len(value)  # type: ignore[arg-type]
            if (length <= bound) if most else (length >= bound):
                return None
            return f"{place or 'The body'} has {length} {of}; {side} {bound} are wanted."

        return check

    return make


#: In the order in which they are checked: the type first, for its message is the clearest.
_MAKERS: dict[str, Callable[[Mapping[str, Any], str], Check]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minLength": _length("minLength", str, False, "characters"),
    "maxLength": _length("maxLength", str, True, "characters"),
    "pattern": _pattern,
    "minimum": _bound("minimum", lambda value, bound: value >= bound, "at least"),
    "maximum": _bound("maximum", lambda value, bound: value <= bound, "at most"),
    "exclusiveMinimum": _bound("exclusiveMinimum", lambda value, bound: value > bound, "more than"),
    "exclusiveMaximum": _bound("exclusiveMaximum", lambda value, bound: value < bound, "less than"),
    "minItems": _length("minItems", list, False, "items"),
    "maxItems": _length("maxItems", list, True, "items"),
    "uniqueItems": _unique,
    "items": _items,
    "properties": _properties,
    "anyOf": _any_of,
}
