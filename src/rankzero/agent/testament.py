"""How the run ended, in a few words: what an agent leaves behind when nobody can be asked."""

import contextlib
import json
from typing import Any, Dict, Mapping

#: What Kubernetes keeps of a termination message (bytes).
LIMIT = 4096
_CUT = ("tail", "crash", "exception")


def write(path: str, outcome: Mapping[str, Any]) -> None:
    """Write it; a disk that refuses costs the message, not the end."""
    with contextlib.suppress(OSError), open(path, "wb") as file:
        file.write(short(outcome))


def short(outcome: Mapping[str, Any]) -> bytes:
    """The outcome as JSON within LIMIT: of the cause, what is longest goes first."""
    kept: Dict[str, Any] = dict(outcome)
    data = _json(kept)
    for key in _CUT:
        if len(data) <= LIMIT:
            return data
        kept["cause"] = {k: v for k, v in (kept.get("cause") or {}).items() if k != key}
        data = _json(kept)
    if len(data) > LIMIT:
        cause = kept.get("cause") or {}
        kept["cause"] = {"kind": cause.get("kind"), "message": str(cause.get("message"))[:500]}
    return _json(kept)


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), default=str).encode()
