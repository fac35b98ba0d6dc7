"""A model server that a test has started, and what it answers."""

from __future__ import annotations

import http.client
import json
import re
import socket
from typing import Any, NamedTuple

from support.home import Command, Home
from support.waiting import PATIENCE, until

_ADDRESS = re.compile(r"served at http://127\.0\.0\.1:([0-9]+)")


class Answer(NamedTuple):
    """headers: with names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]


class Server:
    """`rankzero serve PREDICTOR OPTIONS` on a free port, or on one of one's own where its model is
    not awaited."""

    def __init__(self, home: Home, *argv: str, port: int = 0) -> None:
        self.command: Command = home.start("serve", *argv, "--port", str(port))
        self.port = port

    @classmethod
    def of(cls, command: Command) -> Server:
        """One that was started in another way."""
        server = cls.__new__(cls)
        server.command, server.port = command, 0
        return server

    @classmethod
    def at(cls, port: int) -> Server:
        """One that somebody else keeps."""
        server = cls.__new__(cls)
        server.port = port
        return server

    def wait(self) -> Server:
        """Until its models are loaded."""
        self.command.until_said("served at")
        self.port = int(_ADDRESS.search(self.command.err)[1])
        return self

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own. body: bytes, or what becomes JSON."""
        connection = self.connect()
        try:
            return answered(connection, method, path, body, headers or {})
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, headers)

    def predict(self, body: Any, media: str = "application/json") -> Answer:
        return self.ask("POST", "/predict", body, {"content-type": media})

    def until_metric(self, name: str, value: float) -> None:
        """Until Prometheus would read this."""
        until(lambda: self.metric(name) == value, f"{name} to be {value}")

    def metric(self, name: str) -> float:
        text = self.get("/metrics").body.decode()
        line = next(one for one in text.splitlines() if one.startswith(f"rankzero_serving_{name} "))
        return float(line.split()[-1])

    def begin(self, body: bytes) -> socket.socket:
        """A request that was sent, and whose answer is read later: `finish`."""
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        sock.sendall(head.encode() + body)
        return sock


def finish(sock: socket.socket) -> Answer:
    """The answer to what was begun."""
    with sock:
        response = http.client.HTTPResponse(sock)
        response.begin()
        return _read(response)


def answered(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, raw, headers or {})
    return _read(connection.getresponse())


def _read(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())
