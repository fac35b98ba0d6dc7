"""A sealed connection on the agent's loop."""

import socket
from typing import Any, Callable, Dict, Mapping, Optional

from rankzero.agent.loop import Loop, Timer
from rankzero.agent.wire.seal import (
    MAX_HANDSHAKE,
    MAX_LINE,
    Broken,
    Handshake,
    Opener,
    Sealer,
)
from rankzero.agent.worded import in_words

#: A stranger has this long to prove itself (seconds).
HANDSHAKE_TIME = 10.0
#: A peer that lets this much pile up unread is cut off (bytes).
MAX_UNSENT = 64 * 1024 * 1024
_BLOCK = 256 * 1024

OnMessage = Callable[[Dict[str, Any]], None]


class Connection:
    """Bytes in, messages out; closes itself on any breach of the protocol.

    on_ready(purpose) is called once the peer has proved itself, on_message for each message,
    on_close(reason) exactly once, also where the handshake failed.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        handshake: Handshake,
        *,
        dials: bool,
        on_ready: Callable[[], None],
        on_message: OnMessage,
        on_close: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._sock: Optional[socket.socket] = sock
        self.handshake = handshake
        self._dials = dials
        self.on_ready, self.on_message, self.on_close = on_ready, on_message, on_close
        self._in = bytearray()
        self._scanned = 0
        self._out = bytearray()
        self._sealer: Optional[Sealer] = None
        self._opener: Optional[Opener] = None
        self._greeted = False
        self._timer: Optional[Timer] = loop.after(HANDSHAKE_TIME, self._too_slow)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if dials:
            self._write(handshake.greet())
        self._watch()

    @property
    def ready(self) -> bool:
        return self._sealer is not None and self._sock is not None

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a message; silently nothing where the connection is not (or no longer) ready."""
        if self._sealer is not None and self._sock is not None:
            self._write(self._sealer.seal(message))

    def close(self, reason: str = "closed") -> None:
        sock, self._sock = self._sock, None
        if sock is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._loop.watch(sock.fileno())
        sock.close()
        self.on_close(reason)

    @property
    def unsent(self) -> int:
        return len(self._out)

    # -- writing

    def _write(self, data: bytes) -> None:
        self._out += data
        self._flush()
        if len(self._out) > MAX_UNSENT:
            self.close("the peer does not read")

    def _flush(self) -> None:
        if self._sock is None or not self._out:
            return
        try:
            sent = self._sock.send(self._out)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.close(in_words(error))
            return
        del self._out[:sent]
        self._watch()

    def _watch(self) -> None:
        if self._sock is not None:
            self._loop.watch(self._sock.fileno(), self._read, self._flush if self._out else None)

    # -- reading

    def _read(self) -> None:
        assert self._sock is not None
        try:
            block = self._sock.recv(_BLOCK)
        except BlockingIOError:
            return
        except OSError as error:
            self.close(in_words(error))
            return
        if not block:
            self.close("the peer closed the connection")
            return
        self._in += block
        try:
            self._lines()
        except Broken as error:
            self.close(in_words(error))

    def _lines(self) -> None:
        while self._sock is not None:
            end = self._in.find(b"\n", self._scanned)
            limit = MAX_LINE if self._opener is not None else MAX_HANDSHAKE
            if (end if end >= 0 else len(self._in)) > limit:
                raise Broken("a line is too long")
            if end < 0:
                self._scanned = len(self._in)
                return
            line = bytes(self._in[:end])
            del self._in[: end + 1]
            self._scanned = 0
            self._line(line)

    def _line(self, line: bytes) -> None:
        if self._opener is not None:
            self.on_message(self._opener.open(line))
        elif self._dials:
            proof, sealer, opener = self.handshake.check_listener(line)
            self._write(proof)
            self._proved(sealer, opener)
        elif not self._greeted:
            self._greeted = True
            self._write(self.handshake.answer(line))
        else:
            self._proved(*self.handshake.check_dialler(line))

    def _proved(self, sealer: Sealer, opener: Opener) -> None:
        if self._sock is None:  # closed while the last line of the proof was written
            return
        self._sealer, self._opener = sealer, opener
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.on_ready()

    def _too_slow(self) -> None:
        self._timer = None
        self.close("the handshake took too long")
