"""A WebSocket to a pod: frames, each with the number of its channel before its data.

The socket lives in an event loop, in a thread of its own: before Python 3.13 two threads must not
use one TLS connection at once, which the client's blocking WebSocket does.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from rankzero.backends.viewer import Lost, glances

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
Query = Mapping[str, "str | list[str]"]

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_CLOSED = "the connection is closed"
#: The newest first. Only the first one can say that a channel, such as stdin, has ended.
CLOSING = "v5.channel.k8s.io"
EXEC = (CLOSING, "v4.channel.k8s.io")
#: A frame to the pod carries no more than this (bytes).
_FRAME = 128 * 1024
#: Larger than any line of the agent's wire, which comes in one frame or in several (bytes).
LONGEST = 16 * 1024 * 1024
#: How long a server may take to accept a connection, and to answer a ping (seconds).
ACCEPTED, _ANSWERED = 30.0, 20.0


class Channels:
    """Errors of `send` and `receive`: Lost. Several threads may send, and one receive, at once."""

    def __init__(
        self, client: Callable[[], httpx2.AsyncClient], path: str, query: Query, *, slow: bool
    ) -> None:
        """client: makes one that this connection alone uses. slow: whoever reads may take any time
        to do so; else a server that does not answer a ping is lost. Errors: those of the client."""
        self._coming: Future[bytes] | None = None
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        opened: Future[Any] = Future()
        self._thread = threading.Thread(
            target=self._loop.run_until_complete,
            args=(self._live(client, path, query, opened, slow),),
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
        slow: bool,
    ) -> None:
        """Hold the connection from its beginning to `close`."""
        try:
            async with (
                make() as client,
                client.websocket(
                    path,
                    subprotocols=list(EXEC),
                    params=dict(query),
                    max_message_size_bytes=LONGEST,
                    # An answer behind data that nobody has taken comes too late.
                    keepalive_ping_timeout_seconds=None if slow else _ANSWERED,
                    timeout=ACCEPTED,
                ) as socket,
            ):
                opened.set_result(socket)
                await self._closing.wait()
        except BaseException as error:
            # Once it was open, whoever sends or receives meets the same error.
            if not opened.done():
                opened.set_exception(error)

    @property
    def closes(self) -> bool:
        """Whether the other side can be told that a channel has ended."""
        return bool(self._socket.subprotocol == CLOSING)

    def send(self, channel: int, data: bytes) -> None:
        for start in range(0, len(data), _FRAME):
            frame = bytes([channel]) + data[start : start + _FRAME]
            with self._lost():
                self._wait(self._begin(self._socket.send_bytes(frame)), None)

    def receive(self, timeout: float | None) -> tuple[int, bytes]:
        """The next frame. Errors: also TimeoutError after so many seconds; None waits."""
        with self._lost():
            if self._coming is None:
                self._coming = self._begin(self._socket.receive_bytes())
            # A late one is waited for by the next call: giving it up could lose a part of it.
            frame = self._wait(self._coming, timeout)
            self._coming = None
        return frame[0], frame[1:]

    def cut(self) -> None:
        """End the connection, from any thread; whoever sends or receives meets Lost."""
        with contextlib.suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._closing.set)

    def close(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
        self.cut()
        self._thread.join()
        self._loop.close()

    def _begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if not self._thread.is_alive():
            work.close()
            raise Lost(_CLOSED)
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wait(self, under_way: Future[T], timeout: float | None) -> T:
        for step in glances(timeout):
            wait([under_way], step)
            if under_way.done():
                return under_way.result()
            if not self._thread.is_alive():
                raise Lost(_CLOSED)
        raise TimeoutError("no answer")

    @contextlib.contextmanager
    def _lost(self) -> Iterator[None]:
        from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
        from httpx2 import HTTPError
        from httpx2.websockets import HTTPXWSException
        from wsproto.utilities import LocalProtocolError

        # What a WebSocket says to one who goes on with it while one side closes it.
        closing = (BrokenResourceError, ClosedResourceError, EndOfStream, LocalProtocolError)
        try:
            yield
        except TimeoutError:
            raise
        except closing as error:
            raise Lost(_CLOSED) from error
        except (HTTPXWSException, HTTPError, OSError, CancelledError) as error:
            raise Lost(str(error) or type(error).__name__) from error
        except Exception as error:
            if self._closing.is_set() and not isinstance(error, Lost):
                raise Lost(_CLOSED) from error
            raise
