"""A command in a pod, over the API server's `exec`, as the stream that a viewer talks over."""

from __future__ import annotations

import json

from rankzero.backends.kubernetes.channels import ERROR, STDERR, STDIN, STDOUT, Channels
from rankzero.backends.viewer import Lost


class ExecStream:
    """Errors of `send` and `receive`: Lost, with what the command said last on its stderr."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._said = b""

    def send(self, data: bytes) -> None:
        self._channels.send(STDIN, data)

    def receive(self, timeout: float | None) -> bytes:
        while True:
            channel, data = self._channels.receive(timeout)
            if channel == STDOUT and data:
                return data
            if channel == STDERR:
                self._said = (self._said + data)[-4096:]
            elif channel == ERROR:
                raise Lost(self._ended(data))

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
