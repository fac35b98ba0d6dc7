"""Labels of machines, as they are typed and as they are changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rankzero.errors import BadRequest
from rankzero.spec.kinds import DOTTED, KEY, VALUE


def changes(words: Iterable[str]) -> dict[str, str | None]:
    """`KEY=VALUE` puts a label there, `KEY-` takes one away (None). Errors: BadRequest."""
    found: dict[str, str | None] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals and not key.endswith("-"):
            raise BadRequest(f'"{word}" is no label.', "Write KEY=VALUE; or KEY- to take it away")
        key = key if equals else key[:-1]
        if fault := key_fault(key) or (value_fault(value) if equals else ""):
            raise BadRequest(f'"{word}" can be no label: {fault}.')
        if key in found:
            raise BadRequest(f"the label {key} is said twice.")
        found[key] = value if equals else None
    return found


def key_fault(key: str) -> str:
    """Why no label can have this key; empty where one can."""
    if re.fullmatch(KEY, key):
        return ""
    prefix, slash, name = key.rpartition("/")
    if slash and not re.fullmatch(DOTTED, prefix):
        return f'"{prefix}" before the / is no name of a domain'
    return _why(name, "key") if name else "its key is empty"


def value_fault(value: str) -> str:
    """The same of a value, which may be empty."""
    return "" if re.fullmatch(VALUE, value) else _why(value, "value")


def _why(text: str, what: str) -> str:
    """In words, of one that cannot be."""
    wrong = sorted(set(re.findall(r"[^A-Za-z0-9._-]", text)))
    if wrong:
        return (
            f"its {what} has {' '.join(map(repr, wrong))}; letters, digits, - _ and . may be in it"
        )
    if len(text) > 63:
        return f"its {what} has {len(text)} characters, and may have 63"
    return f"its {what} must begin and end with a letter or a digit"
