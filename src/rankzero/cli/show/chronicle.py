"""An event as a line of `rankzero events`: everything in it that fits a line."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from rankzero.agent.events import Event
from rankzero.cli.show.lines import visible
from rankzero.why import Failure, phrase

#: The keys that hold a failure record; its phrase stands for it.
_FAILURES = ("failure", "cause")


def event_line(event: Event) -> str:
    """`09:30:12.041    7  restarting      generation=2 restarts=1 cause: rank 3 ...`"""
    whole = int(event.time)
    clock = time.strftime("%H:%M:%S", time.localtime(whole))
    milliseconds = int((event.time - whole) * 1000)
    words = [word for key, value in event.data.items() if (word := _word(key, value))]
    head = f"{clock}.{milliseconds:03d} {event.seq:>4}  {event.kind:<14}"
    return visible(f"{head}  {' '.join(words)}".rstrip())


def _word(key: str, value: object) -> str:
    if value is None:
        return ""
    if key in _FAILURES and isinstance(value, Mapping):
        return f"{key}: {phrase(Failure.read(value))}"
    if isinstance(value, str) and value and not set(value) & set(' "='):
        return f"{key}={value}"
    return f"{key}={json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
