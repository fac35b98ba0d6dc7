"""A command in a pod as a two-way stream, for `backends.viewer`.

The frames are those of Kubernetes' `v5.channel.k8s.io`: a byte that names the channel, then data.

The socket lives in an event loop, in a thread of its own: before Python 3.13 two threads must not
use one TLS connection at once, which the client's blocking WebSocket does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from rankzero.backends.viewer import Lost, glances

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
Query = Mapping[str, "str | list[str]"]

_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
_STDIN, _STDOUT, _STDERR, _ERROR = 0, 1, 2, 3
#: A frame to the pod carries no more than this (bytes).
_FRAME = 128 * 1024
#: Larger than any line of the agent's wire, which comes in one frame or in several (bytes).
_LONGEST = 16 * 1024 * 1024
_ACCEPTED = 30.0


class ExecStream:
    """Errors of `send` and `receive`: Lost, with what the command said last on its stderr."""

    def __init__(self, client: Callable[[], httpx2.AsyncClient], path: str, query: Query) -> None:
        """client: makes one that this stream alone uses. Errors: those of the client."""
        self._said = b""
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        opened: Future[Any] = Future()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._live(client, path, query, opened),),
            daemon=True,
        )
        self._thread.start()
        self._socket = opened.result()

    async def _live(
        self,
        make: Callable[[], httpx2.AsyncClient],
        path: str,
        query: Query,
        opened: Future[Any],
    ) -> None:
        """Hold the connection from its beginning to `close`."""
        try:
            async with (
                make() as client,
                client.websocket(
                    client.base_url.join(path),
                    subprotocols=_PROTOCOLS,
                    params=dict(query),
                    max_message_size_bytes=_LONGEST,
                    timeout=_ACCEPTED,
                ) as socket,
            ):
                opened.set_result(socket)
                await self._closing.wait()
        except BaseException as error:
            # Once it was open, whoever sends or receives meets the same error.
            if not opened.done():
                opened.set_exception(error)

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), _FRAME):
            frame = bytes([_STDIN]) + data[start : start + _FRAME]
            with self._lost():
                self._wait(self._socket.send_bytes(frame))

    def receive(self, timeout: float | None) -> bytes:
        while True:
            with self._lost():
                frame: bytes = self._wait(self._socket.receive_bytes(timeout=timeout))
            if frame[0] == _STDOUT and len(frame) > 1:
                return frame[1:]
            if frame[0] == _STDERR:
                self._said = (self._said + frame[1:])[-4096:]
            elif frame[0] == _ERROR:
                raise Lost(self._ended(frame[1:]))

    def cut(self) -> None:
        with contextlib.suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._closing.set)

    def close(self) -> None:
        self.cut()
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            work.close()
            raise Lost("the connection is closed")
        under_way = asyncio.run_coroutine_threadsafe(work, self._loop)
        for step in glances(None):
            wait([under_way], step)
            if under_way.done():
                break
            if not self._thread.is_alive():
                raise Lost("the connection was cut")
        return under_way.result()

    def _ended(self, status: bytes) -> str:
        said = self._said.decode("utf-8", "replace").strip()
        try:
            why = str(json.loads(status).get("message") or "the command ended")
        except (ValueError, AttributeError):
            why = "the command ended"
        return f"{why}: {said}" if said else why

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        from anyio import BrokenResourceError, ClosedResourceError
        from httpx2 import HTTPError
        from httpx2.websockets import HTTPXWSException

        closed = (BrokenResourceError, ClosedResourceError)  # by this side, while it was waited for
        try:
            yield
        except TimeoutError:
            raise
        except (HTTPXWSException, HTTPError, OSError, CancelledError, *closed) as error:
            raise Lost(str(error) or type(error).__name__) from error
        except Exception as error:
            # What a WebSocket says to one who goes on with it while it is being closed.
            if self._closing.is_set() and not isinstance(error, Lost):
                raise Lost("the connection was cut") from error
            raise
