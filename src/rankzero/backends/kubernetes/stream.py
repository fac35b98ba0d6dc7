"""A command in a pod, over the API server's `exec`, as the stream that a viewer talks over."""

from __future__ import annotations

import json

from rankzero.backends.kubernetes.channels import ERROR, STDERR, STDIN, STDOUT, Channels
from rankzero.backends.viewer import Lost


class ExecStream:
    """Errors of `send` and `receive`: Lost, with what the command said last on its stderr."""

    def __init__(self, channels: Channels, *, bulk: bool = False) -> None:
        """bulk: a lot is to come."""
        self._channels = channels
        self._flow = channels.flow() if bulk else None
        self._said = b""
        self._last: bytes | None = None

    def send(self, data: bytes) -> None:
        self._channels.send(STDIN, data)

    def receive(self, timeout: float | None) -> bytes:
        while self._last is None:
            came = bytearray()
            for channel, data in self._frames(timeout):
                if channel == STDOUT:
                    came += data
                elif channel == STDERR:
                    self._said = (self._said + data)[-4096:]
                elif channel == ERROR:
                    self._last = data
            if came:
                return bytes(came)
        raise Lost(self._ended(self._last))

    def _frames(self, timeout: float | None) -> list[tuple[int, bytes]]:
        if self._flow is not None:
            return self._flow.take(timeout)
        return [self._channels.receive(timeout)]

    def cut(self) -> None:
        self._channels.cut()

    def close(self) -> None:
        self._channels.close()

    def _ended(self, status: bytes) -> str:
        said = self._said.decode("utf-8", "replace").strip()
        try:
            why = str(json.loads(status).get("message") or "the command ended")
        except (ValueError, AttributeError):
            why = "the command ended"
        return f"{why}: {said}" if said else why
