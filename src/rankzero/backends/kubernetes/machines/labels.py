"""Labels of machines, as they are typed and as they are changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rankzero.errors import BadRequest

#: Kubernetes, "Labels and Selectors": syntax and character set.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_LONGEST_PREFIX = 253


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
    prefix, slash, name = key.rpartition("/")
    if slash and (not _PREFIX.fullmatch(prefix) or len(prefix) > _LONGEST_PREFIX):
        return f'"{prefix}" before the / is no name of a domain'
    return _fault(name, "key") if name else "its key is empty"


def value_fault(value: str) -> str:
    """The same of a value, which may be empty."""
    return _fault(value, "value") if value else ""


def _fault(text: str, what: str) -> str:
    if _NAME.fullmatch(text):
        return ""
    wrong = sorted(set(re.findall(r"[^A-Za-z0-9._-]", text)))
    if wrong:
        return (
            f"its {what} has {' '.join(map(repr, wrong))}; letters, digits, - _ and . may be in it"
        )
    if len(text) > 63:
        return f"its {what} has {len(text)} characters, and may have 63"
    return f"its {what} must begin and end with a letter or a digit"
