"""Proxies on loopback: gates that lead to where they are asked for."""

from __future__ import annotations

import base64
import socket

from support.gate import Gate


class HttpProxy(Gate):
    """One that knows CONNECT. asked: the targets that were asked for, also where they were refused.
    password: as `user:password`, which it wants to see where there is one."""

    def __init__(self, password: str = "") -> None:
        self.asked: list[str] = []
        self._wants = f"Basic {base64.b64encode(password.encode()).decode()}" if password else ""
        super().__init__("", 0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _other_end(self, ours: socket.socket) -> socket.socket:
        method, target, headers = _head(ours)
        self.asked.append(target)
        if method != "CONNECT":
            return _no(ours, "405 Method Not Allowed")
        if self._wants and headers.get("proxy-authorization") != self._wants:
            return _no(ours, "407 Proxy Authentication Required")
        host, _, port = target.rpartition(":")
        try:
            theirs = socket.create_connection((host.strip("[]"), int(port)))
        except OSError:
            return _no(ours, "502 Bad Gateway")
        ours.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return theirs


class SocksProxy(Gate):
    """One of SOCKS 5 (RFC 1928) without a password. asked: as above."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__("", 0)

    @property
    def url(self) -> str:
        return f"socks5://127.0.0.1:{self.port}"

    def _other_end(self, ours: socket.socket) -> socket.socket:
        _, methods = _exactly(ours, 2)
        _exactly(ours, methods)
        ours.sendall(b"\x05\x00")
        _, _, _, kind = _exactly(ours, 4)
        if kind == 1:
            host = socket.inet_ntop(socket.AF_INET, _exactly(ours, 4))
        elif kind == 4:
            host = socket.inet_ntop(socket.AF_INET6, _exactly(ours, 16))
        else:
            host = _exactly(ours, _exactly(ours, 1)[0]).decode()
        port = int.from_bytes(_exactly(ours, 2), "big")
        self.asked.append(f"{host}:{port}")
        theirs = socket.create_connection((host, port))
        ours.sendall(b"\x05\x00\x00\x01" + bytes(6))
        return theirs


def _head(sock: socket.socket) -> tuple[str, str, dict[str, str]]:
    """A request's method, target and headers, by lower-case names."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        read += _exactly(sock, 1)
    first, *lines = read.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    return method, target, {key.lower(): value for key, value in headers.items()}


def _no(sock: socket.socket, status: str) -> socket.socket:
    sock.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
    raise ConnectionRefusedError(status)


def _exactly(sock: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        part = sock.recv(size - len(read))
        if not part:
            raise ConnectionResetError
        read += part
    return read
