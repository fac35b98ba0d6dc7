"""Kubernetes' own events, as rows of a description. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rankzero.backends.description import Happened
from rankzero.backends.kubernetes import state
from rankzero.backends.kubernetes.state import Object


def together(found: Iterable[Object], wanted: Callable[[str], bool]) -> tuple[Happened, ...]:
    """Those about objects whose name is wanted, the newest last. What was said of several objects
    in the same words is one event."""
    merged: dict[tuple[str, str, str], Happened] = {}
    for event in found:
        of = str(event["involvedObject"].get("name", ""))
        if not wanted(of):
            continue
        message = str(event.get("message") or "").strip()
        series = event.get("series") or {}
        count = int(series.get("count") or event.get("count") or 1)
        time = instant(series.get("lastObservedTime") or _when(event)) or 0.0
        kind, reason = str(event.get("type") or ""), str(event.get("reason") or "")
        key = (kind, reason, _alike(message, of))
        before = merged.get(key)
        if before is None:
            merged[key] = Happened(time, count, kind, reason, (of,), message)
        else:
            names_of = before.of if of in before.of else (*before.of, of)
            newest = message if time >= before.time else before.message
            time = max(time, before.time)
            merged[key] = Happened(time, before.count + count, kind, reason, names_of, newest)
    return tuple(sorted(merged.values(), key=lambda one: one.time))


def instant(stamp: object) -> float | None:
    return state.seconds(str(stamp)) if stamp else None


def _alike(message: str, of: str) -> str:
    """The message without what only names its object."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", message.replace(of, "*") if of else message)


def _when(event: Object) -> str | None:
    found = event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp")
    return str(found) if found else None
