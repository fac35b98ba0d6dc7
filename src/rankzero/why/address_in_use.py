"""A port that a rank wanted to listen on is taken."""

from __future__ import annotations

import re

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding

_SAID = re.compile(r"EADDRINUSE|address already in use", re.IGNORECASE)
_PORT = re.compile(r"port: (\d+)|:(\d{2,5})\b")


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None:
        return None
    message = str((failure.exception or {}).get("message") or "")
    said = next((line for line in (message, *failure.tail) if _SAID.search(line)), None)
    if said is None:
        return None
    fixed = (facts.config().get("settings") or {}).get("port")
    found = _PORT.search(said)
    port = fixed or (found and (found.group(1) or found.group(2)))
    remedy = f"see who has it: ss -ltnp 'sport = :{port}'" if port else "see who has it: ss -ltnp"
    if fixed:
        remedy += "; without --port each generation gets a free one"
    return finding("address-in-use", facts, remedy, *(() if message else (said.strip(),)))
