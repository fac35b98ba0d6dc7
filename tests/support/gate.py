"""A way to a server that can be shut: every connection through it is cut, and none is let in."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Gate:
    """Listens on loopback and passes bytes on. Close it, or use it as a context manager."""

    def __init__(self, host: str, port: int, address: str = "127.0.0.1") -> None:
        """host, port: where it leads. address: of loopback, where it listens."""
        self._target, self._address = (host, port), address
        self._passing: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def open(self) -> None:
        """Let connections in, on the same port as before."""
        self._listener = socket.create_server((self._address, self.port), reuse_port=True)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Cut all that go through, and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            passing, self._passing = self._passing, set()
        for sock in passing:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Shut for a while."""
        self.shut()
        try:
            yield
        finally:
            self.open()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                ours, _ = listener.accept()
            except OSError:
                return
            try:
                theirs = self._other_end(ours)
            except OSError:
                ours.close()
                continue
            with self._lock:
                self._passing |= {ours, theirs}
            for one, other in ((ours, theirs), (theirs, ours)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _other_end(self, ours: socket.socket) -> socket.socket:
        """Where a connection leads. Errors: OSError, where it leads nowhere."""
        return socket.create_connection(self._target)

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)
