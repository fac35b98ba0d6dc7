"""What a function's step goes through, and which of its parameters an item gives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.script.steps import Through
from rankzero.spec.params import escape
from rankzero.spec.pipelines.functions.hints import kind_of
from rankzero.spec.pipelines.functions.later import Called, Later
from rankzero.spec.pipelines.functions.words import BadArgument, constant, meant, only


class Fan(NamedTuple):
    """names: the parameters that an item gives. words: the arguments for them. items: as a file's
    `for_each` has them."""

    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    items: Any = None


def fan(through: Through, types: Mapping[str, Any]) -> Fan:
    """Errors: BadArgument; `hints.BadHint`."""
    name, items = through.name, through.items
    if isinstance(items, (Later, Called)):
        return _of_output(name, only(items), types)
    if not isinstance(items, (list, tuple, range)):
        raise BadArgument(f"each() goes through a list; got {items!r}")
    if name:
        kind = _common(name, [*items], types)
        return Fan((name,), (f"{name}:{kind}=${{item}}",), [_plain(one) for one in items])
    mappings = [one for one in items if isinstance(one, Mapping)]
    names = parameters(through)
    if len(mappings) < len(items) or not names or any({*one} != {*names} for one in mappings):
        raise BadArgument("each() goes through mappings that all have the same parameters")
    kinds = {one: _common(one, [item[one] for item in mappings], types) for one in names}
    words = tuple(f"{one}:{kind}=${{item.{one}}}" for one, kind in kinds.items())
    return Fan(names, words, [_plain(one) for one in items])


def parameters(through: Through) -> tuple[str, ...]:
    """Those that an item seems to give."""
    if through.name:
        return (through.name,)
    items = through.items if isinstance(through.items, (list, tuple)) else ()
    return next((tuple(one) for one in items if isinstance(one, Mapping)), ())


def _of_output(name: str, one: Later, types: Mapping[str, Any]) -> Fan:
    if not name:
        raise BadArgument("say which parameter gets an item: each(NAME=...)")
    kind = kind_of(types.get(name))
    if one.many:
        kind = meant(one, kind)
    elif one.output.kind not in ("list", "json", "any", ""):
        raise BadArgument(f"each() goes through a list, and {one.source} is none")
    if kind == "Path":
        raise BadArgument(f"each() goes through values, and {one.source} would give paths")
    return Fan((name,), (f"{name}:{kind or one.output.inner or 'any'}=${{item}}",), one.source)


def _common(name: str, items: list[Any], types: Mapping[str, Any]) -> str:
    """The kind of all items. Errors: BadArgument where texts are mixed with what is none."""
    wanted = kind_of(types.get(name))
    found = {constant(name, one, wanted, str).partition("=")[0].partition(":")[2] for one in items}
    if len(found) == 1:
        return found.pop()
    if found & {"str", "Path"}:
        raise BadArgument(f"`{name}` goes through texts and what is none: make all of one kind")
    return "float" if found == {"int", "float"} else "json"


def _plain(value: Any) -> Any:  # noqa: ANN401
    """An item in which nothing stands for something else."""
    if isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
