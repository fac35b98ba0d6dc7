"""What a job says, as Python."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping
from typing import Any

from rankzero.spec.model import Param
from rankzero.spec.params import unmarked

#: What has these names where parameters are.
_TAKEN = {"HERE", "IMAGE", "dsl", "kubernetes", "made", "step", "train"}


def identifiers(params: Mapping[str, Param]) -> dict[str, str]:
    """What a param is called in Python, where names have no dashes and some are taken."""
    found: dict[str, str] = {}
    for name in params:
        plain = re.sub("[^0-9A-Za-z_]", "_", name).lstrip("_") or "param"
        plain = plain if plain[0].isalpha() else f"param_{plain}"
        while plain in _TAKEN or keyword.iskeyword(plain) or plain in found.values():
            plain += "_"
        found[name] = plain
    return found


def literal(value: Any) -> str:  # noqa: ANN401
    """A value."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{literal(key)}: {literal(one)}" for key, one in value.items()) + "}"
        )
    if not isinstance(value, str) or ('"' in value and "'" not in value and value.isprintable()):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def word(text: str, known: Mapping[str, str]) -> str:
    """A text that may name params. known: those, by their names in Python."""
    if unmarked(text, lambda _: "") == text:
        return literal(text)
    braces = text.replace("{", "{{").replace("}", "}}")
    return "f" + unmarked(literal(braces), lambda name: f"{{{known[name]}}}")
