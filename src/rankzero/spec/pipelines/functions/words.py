"""How an argument reaches a function in a process of its own: as words of its command.

See `rankzero.script.step` for their form.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rankzero.script.step import SAID
from rankzero.script.steps import Step
from rankzero.spec.params import escape, text_of
from rankzero.spec.pipelines.functions.hints import inner_kind, kind_of
from rankzero.spec.pipelines.functions.later import Called, Condition, Later

_NAMED = re.compile(r"\$(\$\{)|\$\{([^}]*)\}")
_OF_ITSELF = ("inputs.", "outputs.", "item.")
#: What can stand in a list, and has no JSON.
_NO_JSON = (Later, Called, os.PathLike)
_TAKES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "list": (list, tuple),
    "dict": Mapping,
    "Path": (str, os.PathLike),
}


class BadArgument(Exception):
    """What cannot be handed to a step; the message says why."""


class Inputs:
    """What one step takes, by name: `step.output`. known: all outputs so far, by that."""

    def __init__(self, known: Mapping[str, Later]) -> None:
        self._known = known
        self.taken: dict[str, str] = {}

    def take(self, source: str, wanted: str) -> str:
        """Its text, under a name of its own."""
        name = next((key for key, one in self.taken.items() if one == source), wanted)
        if self.taken.get(name, source) != source:
            name = source.replace(".", "-")
        self.taken[name] = source
        return f"${{inputs.{name}}}"

    def filled(self, value: Any) -> Any:  # noqa: ANN401
        """Texts, and what holds some, in which outputs of earlier steps stand as what is taken."""
        if isinstance(value, (Later, Called)):
            return self.filled(str(only(value)))
        if isinstance(value, str):
            return _NAMED.sub(self._replaced, value)
        if isinstance(value, Mapping):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.filled(one) for one in value]
        return value

    def constant(self, text: str) -> str:
        """A text that is as it stands, but for outputs of earlier steps in it."""
        made, end = "", 0
        for found in re.finditer(r"\$\{([^}]*)\}", text):
            if found[1] in self._known:
                before = text[end : found.start()]
                if before.endswith("$"):
                    raise BadArgument("holds a $ right before what comes later; put a space there")
                made += escape(before) + self.take(found[1], found[1].partition(".")[2])
                end = found.end()
        return made + escape(text[end:])

    def _replaced(self, found: re.Match[str]) -> str:
        source = found[2]
        if found[1] or source not in self._known or source.startswith(_OF_ITSELF):
            return found[0]
        return self.take(source, source.partition(".")[2])


def words(name: str, value: object, hint: object, inputs: Inputs) -> list[str]:
    """One argument. Errors: BadArgument; `hints.BadHint`."""
    return [*_words(name, value, hint, inputs)]


def _words(name: str, value: object, hint: object, inputs: Inputs) -> Iterator[str]:
    if isinstance(value, (Later, Called)):
        one = only(value)
        kind = _many(one, hint) + "[]" if one.many else meant(one, kind_of(hint))
        yield f"{name}:{kind}={inputs.take(one.source, name)}"
    elif isinstance(value, (list, tuple)) and any(isinstance(one, _NO_JSON) for one in value):
        for at, item in enumerate(value):
            for word in _words(f"{name}-{at}", item, _inner(hint), inputs):
                _, colon, rest = word.partition(":")
                yield f"{name}{colon}{rest}".replace("=", "+=", 1)
    else:
        yield constant(name, value, kind_of(hint), inputs.constant)


def constant(name: str, value: object, kind: str, text: Callable[[str], str]) -> str:
    """A value that is known. kind: what its parameter's type says. Errors: BadArgument."""
    if kind in _TAKES and not _is(value, kind):
        raise BadArgument(f"takes {SAID[kind]}; got {value!r}")
    if isinstance(value, os.PathLike) or kind == "Path":
        return f"{name}:Path={text(os.fspath(value))}"  # type: ignore[call-overload]
    own = type(value).__name__
    if own in ("str", "int", "float", "bool"):
        return f"{name}:{own}={text(text_of(value))}"  # type: ignore[arg-type]
    if fault := _fault(value):
        raise BadArgument(f"cannot be handed to a process of its own: {fault}")
    return f"{name}:json={text(json.dumps(value, ensure_ascii=False, allow_nan=False))}"


def _fault(value: object, within: str = "") -> str:
    """Why a value cannot be told as JSON, and what to do; empty where it can. within: what holds
    it, as words."""
    if isinstance(value, (Later, Called)):
        what = value.source if isinstance(value, Later) else f"what `{value.of_step}` hands on"
        return f"{what}{within}; give it by itself, or right in a list"
    if isinstance(value, os.PathLike):
        return f"a path{within}; give it by itself, or right in a list"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value}{within}; give it by itself"
    if isinstance(value, dict):
        odd = [key for key in value if not isinstance(key, str)]
        if odd:
            return f"a mapping with the key {odd[0]!r}{within}; only texts can be keys"
        inner = (_fault(one, f" in a mapping{within}") for one in value.values())
        return next(filter(None, inner), "")
    if isinstance(value, (list, tuple)):
        return next(filter(None, (_fault(one, f" in a list{within}") for one in value)), "")
    if value is None or isinstance(value, (bool, int, float, str)):
        return ""
    if isinstance(value, Step):
        return f"the step {value.__name__}{within}; call it, to give what it hands on"
    way = "write it to a file in an earlier step, and hand its path on"
    return f"{_what(value)}{within}; {way}"


def _is(value: object, kind: str) -> bool:
    number = kind in ("int", "float")
    return isinstance(value, _TAKES[kind]) and not (number and isinstance(value, bool))


def meant(one: Later, kind: str) -> str:
    """The kind as which a parameter takes an output. kind: what its type says, or empty.
    Errors: BadArgument where the two do not fit."""
    have = one.output.kind
    if (have == "Path") != (kind == "Path") and kind:
        what = "a file or folder" if have == "Path" else "a value"
        raise BadArgument(f"takes {_known(kind)}, and {one.source} is {what}")
    if have in ("", "any"):
        return "any" if kind in ("", "json") else kind
    if kind in ("", "json", have):
        return have
    if have == "json" or (have, kind) == ("int", "float"):
        return kind if have != "json" else "json"
    raise BadArgument(f"takes {_known(kind)}, and {one.source} is {_known(have)}")


def only(value: Later | Called) -> Later:
    """The one output that is meant. Errors: BadArgument."""
    if isinstance(value, Later):
        return value
    if why := value.unclear():
        raise BadArgument(f"takes one thing, and {why}")
    return value.the_one()


def _many(one: Later, hint: object) -> str:
    kind = kind_of(hint)
    if kind not in ("", "list"):
        raise BadArgument(
            f"takes {_known(kind)}, and there is one {one.source} for each item: it must take a "
            "list of them"
        )
    return meant(one, inner_kind(hint))


def _inner(hint: object) -> object:
    """The type of what is in a list."""
    kind = kind_of(hint)
    if kind not in ("", "list"):
        raise BadArgument(f"takes {_known(kind)}, and gets a list")
    args = getattr(hint, "__args__", ())
    return args[0] if args else None


def _known(kind: str) -> str:
    return SAID.get(kind, "a value")


def _what(value: object) -> str:
    if isinstance(value, Condition):
        return f"the condition {value.text}"
    return f"a value of type {type(value).__name__}"
