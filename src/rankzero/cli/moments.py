"""`--since` and `--older-than`: an age, or a time. Pure but for the clock."""

from __future__ import annotations

import re
import time
from datetime import datetime

from rankzero.errors import BadRequest

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)")
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def span(text: str, option: str) -> float:
    """Seconds of `90s`, `5m` or `90`. Errors: BadRequest, which names the option."""
    found = _AGE.fullmatch(text.strip() + ("s" if text.strip()[-1:].isdigit() else ""))
    if found is None:
        raise BadRequest(f'{option}: "{text}" is no time; write 90s, 5m or 2h.')
    return float(found[1]) * _UNITS[found[2]]


def moment(text: str | None, now: float | None = None, option: str = "--since") -> float | None:
    """Seconds since the epoch of `5m` ago, or of an ISO time (local, where it names no zone).

    None stays None. Errors: BadRequest, which names the option.
    """
    if text is None:
        return None
    ago = _AGE.fullmatch(text.strip())
    if ago:
        return (time.time() if now is None else now) - float(ago[1]) * _UNITS[ago[2]]
    try:
        # Python 3.10 does not read the Z.
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip())).timestamp()
    except (ValueError, OverflowError):
        example = "5m, 2h, 2026-05-01 or 2026-05-01T09:30"
        raise BadRequest(f'{option}: "{text}" is no age or time; write {example}.') from None
