"""What a worker tells its keeper: one JSON object a line, on a socket that both hold."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

#: Words: `ready`; `failed` with `message`, `hint` and `exit`; `leaving` with `why`.
READY, FAILED, LEAVING = "ready", "failed", "leaving"
#: Why a worker leaves on its own.
STUCK, RECYCLED = "stuck", "recycled"


def tell(control: socket.socket, word: str, **fields: Any) -> None:
    """A keeper that is gone is told nothing."""
    try:
        control.sendall(json.dumps({"said": word, **fields}).encode() + b"\n")
    except OSError:
        return


class Lines:
    """What has come, line by line."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)
