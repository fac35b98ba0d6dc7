"""Why a rank ended: what it left behind, put together as one record."""

import json
import os
import signal
from typing import Any, Callable, Dict, Mapping, Optional

from rankzero.agent.process import ended_how

#: How much of a rank's last output, or of a crash report, goes into its failure record (bytes).
TAIL = 4096
TAIL_LINES = 20
#: What a name, a path or a line of source may hold (characters).
SHORT = 500


class Traces:
    """The files in which one rank of one generation leaves its last words."""

    def __init__(self, folder: str, generation: int, rank: int) -> None:
        os.makedirs(folder, exist_ok=True)
        stem = os.path.join(folder, "generation-%d-rank-%d" % (generation, rank))
        self.error = stem + ".error.json"
        self.torch = stem + ".torch.json"
        self.crash = stem + ".crash"

    def environment(self) -> Dict[str, str]:
        return {
            "RANKZERO_ERROR_FILE": self.error,
            "RANKZERO_CRASH_FILE": self.crash,
            "TORCHELASTIC_ERROR_FILE": self.torch,
        }

    def write(self, what: str, why: str, now: float) -> None:
        """A failure that only the agent knows of; what the rank has recorded itself stays."""
        if exception_in(self.error) is None:
            with open(self.error, "w", encoding="utf-8") as file:
                json.dump({"type": what, "message": why, "time": now}, file)

    def clear(self) -> None:
        """Remove what is empty: a rank that ended well leaves nothing."""
        for path in (self.error, self.torch, self.crash):
            if os.path.exists(path) and os.path.getsize(path) == 0:
                os.unlink(path)


def failure(
    traces: Traces, rank: int, node: str, code: int, ended: float, tail: bytes
) -> Dict[str, Any]:
    """The record of a rank that failed. Its time is when the exception was raised, where one
    was: the interpreter may take long to end, and the ranks that die of it may be faster."""
    exception = _first_of(traces)
    crash = _text(traces.crash) if code < 0 else ""
    message = ended_how(code)
    if exception is not None:
        message = "%s: %s" % (exception["type"], exception["message"])
    return {
        "kind": "rank-failed",
        "rank": rank,
        "node": node,
        "time": exception["time"] if exception and exception["time"] else ended,
        "code": code if code >= 0 else None,
        "signal": -code if code < 0 else None,
        "exception": exception,
        "crash": crash,
        "tail": tail.decode("utf-8", "replace").splitlines()[-TAIL_LINES:],
        "message": message,
    }


def ours(code: int) -> bool:
    """Whether a rank that was told to end ended by that, and not by a fault of its own."""
    return code in (0, -signal.SIGTERM, -signal.SIGKILL, 128 + signal.SIGTERM)


def _first_of(traces: Traces) -> Optional[Dict[str, Any]]:
    """The exception that the rank left a record of. A script can write these files itself, so
    one that is damaged costs only itself."""
    return exception_in(traces.error) or _whole(_recorded, traces.torch)


def exception_in(path: str) -> Optional[Dict[str, Any]]:
    """What a starter has recorded in a file, if it has."""
    return _whole(_exception, path)


def _whole(look: Callable[[str], Optional[Dict[str, Any]]], path: str) -> Optional[Dict[str, Any]]:
    try:
        return look(path)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _exception(path: str) -> Optional[Dict[str, Any]]:
    data = _json(path)
    if not data or "type" not in data:
        return None
    frames = [
        {str(key): value if key == "line" else str(value)[:SHORT] for key, value in frame.items()}
        for frame in data.get("frames", [])[-TAIL_LINES:]
    ]
    return {
        "type": str(data["type"])[:SHORT],
        "message": str(data.get("message", ""))[:TAIL],
        "frames": frames,
        "traceback": str(data.get("traceback", ""))[-4 * TAIL :],
        "time": float(data["time"]) if data.get("time") else None,
    }


def _recorded(path: str) -> Optional[Dict[str, Any]]:
    """What torch's `@record` wrote, for a script that uses it under a command of its own."""
    data = _json(path)
    message = data.get("message") if data else None
    if not isinstance(message, Mapping):
        return None
    extra = message.get("extraInfo") or {}
    text = str(message.get("message", ""))
    kind, _, rest = text.partition(": ")
    return {
        "type": kind[:SHORT],
        "message": rest[:TAIL],
        "frames": [],
        "traceback": str(extra.get("py_callstack", ""))[-4 * TAIL :],
        "time": float(extra.get("timestamp") or 0) or None,
    }


def _json(path: str) -> Optional[Mapping[str, Any]]:
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, Mapping) else None


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return ""
