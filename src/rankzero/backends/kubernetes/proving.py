"""Whether a volume can be written and read, by a helper that has mounted it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from rankzero.backends.kubernetes.helping import HelperPod
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.viewer import Lost
from rankzero.errors import Refused
from rankzero.plan.kubernetes import layout

#: How often the way there may be lost, and how long a volume may take to answer (seconds).
_TRIES, _ANSWER = 3, 60.0


def prove(there: HelperPod, aim: str) -> int:
    """Bytes that it has room for, -1 where nobody knows. aim: how an error begins. Errors:
    Refused."""
    why = ""
    for _ in range(_TRIES):
        try:
            with contextlib.closing(there.dial("volume", "prove", layout.VOLUME)) as stream:
                said = _answer(stream)
        except (Lost, TimeoutError) as lost:
            why = str(lost)
            continue
        if said["kind"] == "proven":
            return int(said["free"])
        raise Refused(
            f"{aim} that can be written: {said['error']}",
            "Another user may: --user says who the helper is.",
        )
    raise Refused(f"{aim} that answers: {why}")


def _answer(stream: ExecStream) -> dict[str, Any]:
    rest = b""
    while True:
        *lines, rest = (rest + stream.receive(_ANSWER)).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):  # what else a pod's Python prints
                found = json.loads(line)
                if isinstance(found, dict) and "kind" in found:
                    return found
