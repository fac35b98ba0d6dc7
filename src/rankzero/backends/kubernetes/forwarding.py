"""Ports of a pod, reachable here: Kubernetes' port-forward, a WebSocket a connection.

Of the two ways that an API server knows this is the older and the simpler, and every version has
it: a channel for data and one for errors, each beginning with the port's number. The newer one
carries all connections as SPDY in one WebSocket, and can say that one side has no more to send; but
containerd cuts a connection a second after either side said so, with every protocol, and an answer
that takes longer is lost. So the end of what is sent from here is not passed on: the rest of the
answer is waited for instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from rankzero.backends.kubernetes import state, trouble
from rankzero.backends.kubernetes.channels import ACCEPTED, LONGEST
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.reaching import Reached, reach
from rankzero.backends.ports import Opened, Wanted
from rankzero.backends.spot import Spot
from rankzero.errors import Error, Refused

if TYPE_CHECKING:
    from httpx2.websockets import AsyncWebSocketSession

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
_BLOCK = 64 * 1024
#: How long a silent pod is listened to when nothing more comes from here: nobody can tell one who
#: waits for an answer from one who is gone (seconds).
_LINGER = 30.0
#: Until a server that did not answer is asked again (seconds).
_AGAIN = 1.0


class Destination(Protocol):
    """What is forwarded to: a pod, which may become another one."""

    @property
    def title(self) -> str:
        """What it is called, for people."""

    @property
    def pod(self) -> str:
        """Its name at the moment. Errors: Refused where there is none."""

    def again(self) -> None:
        """The pod is gone: have the one that is there in its place. Errors: Refused."""

    def number(self, wanted: Wanted) -> int:
        """A port's. Errors: BadRequest for a name that it has not."""

    def until_over(self) -> str:
        """Waits until nothing is there any more; how that is said. Errors: Error."""


class Node:
    """A node of a run. Errors: BadRequest, Refused where it is not there."""

    def __init__(self, cluster: Cluster, run: str, spot: Spot) -> None:
        self._cluster, self._run = cluster, run
        self._at = reach(cluster, run, spot)
        self._spot = Spot(node=self._at.node)

    @property
    def title(self) -> str:
        return self._at.node

    @property
    def pod(self) -> str:
        return self._at.name

    def again(self) -> None:
        self._at = reach(self._cluster, self._run, self._spot)

    def number(self, wanted: Wanted) -> int:
        return wanted.number(self._at.node, _named(self._at))

    def until_over(self) -> str:
        again = threading.Event()
        while True:
            try:
                self._see_the_end()
                return f"{self._run} has ended"
            except trouble.Unreachable:
                again.wait(_AGAIN)
            except Error as error:
                text = f"the end of {self._run} will not be seen: {error.args[0]}"
                raise Refused(text) from error

    def _see_the_end(self) -> None:
        """Errors: Unreachable, Refused."""
        with Observed(self._cluster, self._run) as live:
            version = live.version
            while (found := live.found) is not None and state.ending(found) is None:
                live.wait(version)
                version = live.version


class Forwarding:
    """on_open: called for each port as it can be dialled. note: called with what goes wrong."""

    def __init__(
        self,
        cluster: Cluster,
        to: Destination,
        on_open: Callable[[Opened], None],
        note: Callable[[str], None],
    ) -> None:
        self._cluster, self._to = cluster, to
        self._on_open, self._note = on_open, note
        self._over = asyncio.Event()
        self._end = ""

    def serve(self, wanted: Sequence[Wanted], address: str) -> None:
        """Until what it leads to is over. Errors: Refused where a port cannot be had here."""
        ports = [(one, self._to.number(one)) for one in wanted]
        asyncio.run(self._serve(ports, address))

    async def _serve(self, ports: Sequence[tuple[Wanted, int]], address: str) -> None:
        async with contextlib.AsyncExitStack() as open_ports:
            for wanted, port in ports:
                server = await self._listen(wanted, port, address)
                open_ports.callback(server.close)
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._until_over, args=(loop,), daemon=True).start()
            await self._over.wait()
        self._note(self._end)

    async def _listen(self, wanted: Wanted, port: int, address: str) -> asyncio.Server:
        local = port if wanted.local is None else wanted.local
        try:
            connected = functools.partial(self._connected, port=port)
            server = await asyncio.start_server(connected, address, local)
        except OSError as error:
            raise Refused(
                f"cannot listen on {address}, port {local}: {error.strerror}",
                f"Take another one: :{wanted.remote} is any that is free",
            ) from error
        here = server.sockets[0].getsockname()
        self._on_open(Opened(self._to.title, wanted.remote, port, str(here[0]), int(here[1])))
        return server

    def _until_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """In a thread: what ends while nobody connects ends this as well."""
        try:
            self._end = self._to.until_over()
        except Error as error:
            self._note(str(error.args[0]))
            return
        with contextlib.suppress(RuntimeError):  # this ended first
            loop.call_soon_threadsafe(self._over.set)

    # -- one connection

    async def _connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        try:
            await self._forward(reader, writer, port)
        except Error as error:
            self._note(str(error.args[0]))
        except OSError as error:  # whoever connected is gone
            del error
        except asyncio.CancelledError:  # all of it ends; older asyncio calls that unhandled
            return
        finally:
            writer.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int
    ) -> None:
        """Errors: Refused where the pod cannot be reached, OSError where the caller is gone."""
        # Out of a WebSocket's `with` they would come as a group of errors.
        failed: Error | OSError | None = None
        async with contextlib.AsyncExitStack() as opened:
            try:
                socket = await self._open(opened, port)
            except trouble.Absent:  # replaced, perhaps
                await asyncio.to_thread(self._to.again)
                socket = await self._open(opened, port)
            up = asyncio.create_task(_up(reader, socket))
            try:
                await self._down(socket, writer, up, port)
            except (Error, OSError) as error:
                failed = error
            finally:
                up.cancel()
        if failed is not None:
            raise failed

    async def _open(self, opened: contextlib.AsyncExitStack, port: int) -> AsyncWebSocketSession:
        """A WebSocket to the pod. Errors: trouble.Absent, Refused."""
        from httpx2.websockets import WebSocketUpgradeError

        pod = self._to.pod
        path = self._cluster.path("Pod", pod) + "/portforward"
        try:
            with trouble.told(self._cluster, "GET", path):
                client = await opened.enter_async_context(self._cluster.client())
                return await opened.enter_async_context(
                    client.websocket(
                        path,
                        subprotocols=[_PROTOCOL],
                        params={"ports": str(port)},
                        max_message_size_bytes=LONGEST,
                        # An answer behind data that nobody has taken comes too late.
                        keepalive_ping_timeout_seconds=None,
                        timeout=ACCEPTED,
                    )
                )
        except WebSocketUpgradeError as error:
            if error.response.status_code in (401, 403):
                trouble.check(self._cluster, error.response)
            said = f"{self._to.title} (pod {pod}) cannot be reached: {error.response}"
            raise trouble.Absent(said) from error

    async def _down(
        self,
        socket: AsyncWebSocketSession,
        writer: asyncio.StreamWriter,
        up: asyncio.Task[None],
        port: int,
    ) -> None:
        """What the pod sends, until it has sent all. Errors: Refused, OSError."""
        begun = set[int]()
        while (frame := await _next(socket, up)) is not None:
            channel, data = frame[0], frame[1:]
            if channel not in begun:  # the port's number
                begun.add(channel)
            elif channel == _DATA:
                writer.write(data)
                await writer.drain()
            elif channel == _ERROR and data:
                raise Refused(_refusal(data.decode("utf-8", "replace"), self._to.title, port))


async def _up(reader: asyncio.StreamReader, socket: AsyncWebSocketSession) -> None:
    """What comes from here, until nothing more does."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_BLOCK):
            await socket.send_bytes(bytes([_DATA]) + data)


async def _next(socket: AsyncWebSocketSession, up: asyncio.Task[None]) -> bytes | None:
    """The next frame; None where no more will come, or nobody waits for it."""
    from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
    from httpx2.websockets import HTTPXWSException

    frame = asyncio.ensure_future(socket.receive_bytes())
    try:
        await asyncio.wait({frame, up}, return_when=asyncio.FIRST_COMPLETED)
        return await asyncio.wait_for(frame, _LINGER if up.done() else None)
    except (HTTPXWSException, BrokenResourceError, ClosedResourceError, EndOfStream, TimeoutError):
        return None
    finally:
        frame.cancel()


def _refusal(said: str, node: str, port: int) -> str:
    if "connection refused" in said:
        return f"nothing listens on port {port} of {node}"
    return f"port {port} of {node}: {said.strip()}"


def _named(at: Reached) -> dict[str, int]:
    """The ports that the node's role gives names to."""
    roles = at.found.plan.get("job", {}).get("roles", {})
    ports = roles.get(at.node.rpartition("/")[0], {}).get("ports") or {}
    return {name: int(number) for name, number in ports.items()}
