"""A command in a pod as a two-way stream, for `backends.viewer`.

The frames are those of Kubernetes' `v5.channel.k8s.io`: a byte that names the channel, then data.
"""

from __future__ import annotations

import contextlib
import json
import queue
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.backends.viewer import Lost

if TYPE_CHECKING:
    import httpx2

_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
_STDIN, _STDOUT, _STDERR, _ERROR = 0, 1, 2, 3
#: A frame to the pod carries no more than this (bytes).
_FRAME = 128 * 1024
#: Larger than any line of the agent's wire, which comes in one frame or in several (bytes).
_LONGEST = 16 * 1024 * 1024
_ACCEPTED = 30.0


class ExecStream:
    """Errors of `send` and `receive`: Lost, with what the command said last on its stderr."""

    def __init__(
        self, client: httpx2.Client, path: str, query: Mapping[str, str | list[str]]
    ) -> None:
        self._stack = contextlib.ExitStack()
        self._said = b""
        url = client.base_url.join(path)
        self._socket: Any = self._stack.enter_context(
            client.websocket(
                url,
                subprotocols=_PROTOCOLS,
                params=query,
                max_message_size_bytes=_LONGEST,
                timeout=_ACCEPTED,
            )
        )

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), _FRAME):
            with self._lost():
                self._socket.send_bytes(bytes([_STDIN]) + data[start : start + _FRAME])

    def receive(self, timeout: float | None) -> bytes:
        while True:
            try:
                with self._lost():
                    frame: bytes = self._socket.receive_bytes(timeout=timeout)
            except queue.Empty:
                raise TimeoutError("no answer") from None
            if frame[0] == _STDOUT and len(frame) > 1:
                return frame[1:]
            if frame[0] == _STDERR:
                self._said = (self._said + frame[1:])[-4096:]
            elif frame[0] == _ERROR:
                raise Lost(self._ended(frame[1:]))

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._stack.close()

    def _ended(self, status: bytes) -> str:
        said = self._said.decode("utf-8", "replace").strip()
        try:
            why = str(json.loads(status).get("message") or "the command ended")
        except (ValueError, AttributeError):
            why = "the command ended"
        return f"{why}: {said}" if said else why

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        from httpx2 import HTTPError
        from httpx2.websockets import HTTPXWSException

        try:
            yield
        except (HTTPXWSException, HTTPError, OSError) as error:
            raise Lost(str(error) or type(error).__name__) from error
