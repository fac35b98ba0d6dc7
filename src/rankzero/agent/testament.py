"""How the run ended, in a few words: what an agent leaves behind when nobody can be asked."""

import contextlib
import json
from typing import Any, Dict, Mapping

#: What Kubernetes keeps of a termination message (bytes).
LIMIT = 4096
#: Of an exception in short, its message (characters).
_MESSAGE = 500


def write(path: str, outcome: Mapping[str, Any]) -> None:
    """Write it; a disk that refuses costs the message, not the end."""
    with contextlib.suppress(OSError), open(path, "wb") as file:
        file.write(short(outcome))


def short(outcome: Mapping[str, Any]) -> bytes:
    """The outcome as JSON within LIMIT: of the cause, what is longest goes first."""
    kept: Dict[str, Any] = dict(outcome)
    data = _json(kept)
    for cut in (_tail, _crash, _most_of_exception, _exception, _all_else):
        if len(data) <= LIMIT:
            break
        kept["cause"] = cut(kept.get("cause") or {})
        data = _json(kept)
    return data


def _tail(cause: Mapping[str, Any]) -> Mapping[str, Any]:
    return _without(cause, "tail")


def _crash(cause: Mapping[str, Any]) -> Mapping[str, Any]:
    return _without(cause, "crash")


def _most_of_exception(cause: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was raised, and where: the traceback is in the rank's lines as well."""
    known = cause.get("exception")
    if not known:
        return cause
    short = dict(
        _without(known, "traceback"),
        message=str(known.get("message") or "")[:_MESSAGE],
        frames=[*(known.get("frames") or ())][-1:],
    )
    return dict(cause, exception=short, message=str(cause.get("message") or "")[:_MESSAGE])


def _exception(cause: Mapping[str, Any]) -> Mapping[str, Any]:
    return _without(cause, "exception")


def _all_else(cause: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"kind": cause.get("kind"), "message": str(cause.get("message"))[:_MESSAGE]}


def _without(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return {name: one for name, one in data.items() if name != key}


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), default=str).encode()
