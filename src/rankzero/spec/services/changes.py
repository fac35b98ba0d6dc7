"""What tells two versions of a service apart, in a few words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Of no version: they hold for all of them, or say where a part of it lies.
_APART = ("name", "replicas", "autoscale", "at_cpu", "expose", "node_port", "wait")
_SENT = {"program": "another server", "code": "other code", "weights": "another model"}
_LONGEST = 60


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Each as `image a:1 -> a:2`, `env LEVEL=2`, `no env OLD`; empty where nothing differs. Both as
    `Service.to_json` gives them."""
    keys = [key for key in {**after, **before} if key not in _APART]
    return tuple(text for key in keys for text in _of(key, before.get(key), after.get(key)))


def _of(key: str, before: object, after: object) -> Iterator[str]:
    if before == after or (not before and not after):
        return
    if key in _SENT:
        yield _SENT[key]
    elif isinstance(before or {}, Mapping) and isinstance(after or {}, Mapping) and key != "pod":
        yield from _table(key, dict(before or {}), dict(after or {}))  # type: ignore[call-overload]
    elif before is None or before == [] or before == {}:
        yield f"{key} {_shown(after)}"
    elif after is None or after == [] or after == {}:
        yield f"no {key}"
    else:
        yield f"{key} {_shown(before)} -> {_shown(after)}"


def _table(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, value in after.items():
        if before.get(name) != value:
            # What a variable holds may be nobody's business; that it is another is enough.
            yield f"{key} {name}" if key in ("env", "secrets") else f"{key} {name}={_shown(value)}"
    yield from (f"no {key} {name}" for name in before if name not in after)


def _shown(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
