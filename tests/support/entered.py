"""The pod's side of a WebSocket, for servers of `http.server`."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping

#: RFC 6455, section 1.3.
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: How long whoever was told of the end may take to go (seconds).
_PARTING = 5.0


class Entered:
    """A connection, accepted in the first of the protocols that are offered and spoken here. Frames
    go and come as the number of a channel and its data."""

    #: What a server speaks; an older one does not know the first.
    speaks: tuple[str, ...] = ("v5.channel.k8s.io", "v4.channel.k8s.io")

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._socket = handler.connection
        self._talk = Connection(ConnectionType.SERVER)
        offered = handler.headers["Sec-WebSocket-Protocol"].replace(" ", "").split(",")
        key = handler.headers["Sec-WebSocket-Key"] + _GUID
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        handler.send_header("Sec-WebSocket-Accept", accept)
        spoken = next(one for one in self.speaks if one in offered)
        handler.send_header("Sec-WebSocket-Protocol", spoken)
        handler.end_headers()
        handler.wfile.flush()

    def send(self, channel: int, data: bytes) -> None:
        self._socket.sendall(self._talk.send(BytesMessage(bytes([channel]) + data)))

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Until the other side closes, or is gone."""
        frame = bytearray()
        while True:
            try:
                self._talk.receive_data(self._socket.recv(65536) or None)
            except OSError:
                return
            for event in self._talk.events():
                if isinstance(event, CloseConnection):
                    return
                if isinstance(event, Ping):
                    self._socket.sendall(self._talk.send(event.response()))
                if isinstance(event, BytesMessage):
                    frame += event.data
                    if event.message_finished:
                        yield frame[0], bytes(frame[1:])
                        frame.clear()

    def cut(self) -> None:
        """As a machine that dies: without a word."""
        self._socket.close()

    def close(self) -> None:
        """As servers do it: with what was sent unread, what was said last could be lost."""
        with contextlib.suppress(OSError):
            self._socket.sendall(self._talk.send(CloseConnection(1000)))
            self._socket.settimeout(_PARTING)
            while self._socket.recv(65536):
                pass
