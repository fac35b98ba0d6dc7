"""`--since` and `--older-than`: an age, or a time. Pure but for the clock."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import datetime

from rankzero.errors import BadRequest
from rankzero.spec import units


def span(text: str, option: str) -> float:
    """Seconds of `90s`, `5m` or `90`. Errors: BadRequest, which names the option."""
    try:
        return units.seconds(text)
    except ValueError as error:
        raise BadRequest(f'{option}: "{text}" {error}.') from None


def moment(text: str | None, now: float | None = None, option: str = "--since") -> float | None:
    """Seconds since the epoch of `5m` ago, or of an ISO time (local, where it names no zone).

    None stays None. Errors: BadRequest, which names the option.
    """
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        if not text.strip()[-1:].isdigit():  # else it is a date
            return (time.time() if now is None else now) - units.seconds(text)
    try:
        # Python 3.10 does not read the Z.
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip())).timestamp()
    except (ValueError, OverflowError):
        example = "5m, 2h, 2026-05-01 or 2026-05-01T09:30"
        raise BadRequest(f'{option}: "{text}" is no age or time; write {example}.') from None
