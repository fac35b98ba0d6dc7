"""A service's program runs, and does not answer as it should."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble
from rankzero.why.seen import Pod, Seen

_REFUSED = re.compile(r"dial tcp \S+:(\d+): connect: connection refused")


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = pod.heard("Unhealthy")
    if not pod.running or pod.ready or said is None or not said.message.startswith("Readiness"):
        return None
    port = _REFUSED.search(said.message)
    if port:
        text = f"nothing listens on port {port[1]} yet"
        remedy = f"if it never does: does it listen on port {port[1]}, and on 0.0.0.0? (--port)"
        return Trouble("not-ready", text, remedy, (said.message,))
    text = f"runs and is not ready: {said.message}"
    remedy = f"what it says: rankzero serve logs {seen.run}; the path that is asked: --ready"
    return Trouble("not-ready", text, remedy)
