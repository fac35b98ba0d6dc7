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

from rankzero.agent.worded import in_words
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

    def flow(self) -> Flow:
        """The frames as they come, many at a time: for one who takes a lot, and never the next one
        by `receive`."""
        return Flow(self)

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
            raise Lost(in_words(error)) from error
        except Exception as error:
            if self._closing.is_set() and not isinstance(error, Lost):
                raise Lost(_CLOSED) from error
            raise


class Flow:
    """What has come and nobody has taken yet. A frame that is asked for one by one costs a way into
    the event loop and back; most of a folder's time goes there."""

    #: So much waits at most before the other side has to, and so much is worth a thread's turn
    #: (bytes); what is less gets it after a moment (seconds).
    _MOST, _ENOUGH, _GATHERS = 4 * 1024 * 1024, 512 * 1024, 0.002

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._frames: list[bytes] = []
        self._size, self._ended = 0, False
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._pump = channels._begin(self._gather())

    def take(self, timeout: float | None) -> list[tuple[int, bytes]]:
        """All that is there, at least one. Errors: Lost, TimeoutError."""
        for step in glances(timeout):
            with self._changed:
                if self._changed.wait_for(lambda: self._frames or self._ended, step):
                    break
        else:
            raise TimeoutError("no answer")
        with self._changed:
            frames, self._frames, self._size = self._frames, [], 0
        with contextlib.suppress(RuntimeError):  # closed already
            self._channels._loop.call_soon_threadsafe(self._room.set)
        if not frames:
            with self._channels._lost():
                self._channels._wait(self._pump, None)
        return [(frame[0], frame[1:]) for frame in frames]

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                frame = await self._channels._socket.receive_bytes()
                with self._changed:
                    first = not self._frames
                    self._frames.append(frame)
                    self._size += len(frame)
                    size = self._size
                if size > self._ENOUGH:
                    self._tell()
                elif first:
                    loop.call_later(self._GATHERS, self._tell)
                if size > self._MOST:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._ended = True
            self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
