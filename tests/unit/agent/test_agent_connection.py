"""A sealed connection over a real socket pair, on a real loop."""

from __future__ import annotations

import socket
import threading

import pytest

from rankzero.agent.wire.address import split
from rankzero.agent.wire.connection import MAX_UNSENT, Connection
from rankzero.agent.wire.dial import dial, listen
from rankzero.agent.wire.seal import MAX_HANDSHAKE, MAX_LINE, Handshake

TOKEN = b"a secret"


class End:
    """One end, and what it was told."""

    def __init__(self, loop, sock, dials: bool, token: bytes = TOKEN) -> None:
        self.messages: list[dict] = []
        self.ready = False
        self.closed: list[str] = []
        self.connection = Connection(
            loop,
            sock,
            Handshake(token, "node" if dials else ""),
            dials=dials,
            on_ready=self._ready,
            on_message=self.messages.append,
            on_close=self.closed.append,
        )

    def _ready(self) -> None:
        self.ready = True


def tcp() -> tuple[socket.socket, socket.socket]:
    """Two ends of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
    return one, other


def pair(loop, listener_token: bytes = TOKEN) -> tuple[End, End]:
    one, other = tcp()
    return End(loop, one, True), End(loop, other, False, listener_token)


def test_both_ends_prove_themselves_and_talk(loop) -> None:
    one, other = pair(loop)
    loop.until(lambda: one.ready and other.ready)
    one.connection.send({"type": "question"})
    loop.until(lambda: other.messages)
    other.connection.send({"type": "answer", "text": "ä" * 1000})
    loop.until(lambda: one.messages)

    assert other.messages == [{"type": "question"}]
    assert one.messages == [{"type": "answer", "text": "ä" * 1000}]


def test_messages_keep_their_order_through_a_full_socket(loop) -> None:
    one, other = pair(loop)
    loop.until(lambda: one.ready and other.ready)
    for number in range(200):
        one.connection.send({"type": "block", "number": number, "data": "x" * 50_000})
    assert one.connection.unsent > 0
    loop.until(lambda: len(other.messages) == 200)

    assert [message["number"] for message in other.messages] == list(range(200))
    assert one.connection.unsent == 0


def test_what_is_sent_before_the_proof_goes_nowhere(loop) -> None:
    one, other = pair(loop)
    one.connection.send({"type": "too early"})
    loop.until(lambda: one.ready and other.ready)
    one.connection.send({"type": "in time"})
    loop.until(lambda: other.messages)

    assert other.messages == [{"type": "in time"}]


def test_another_token_closes_both_ends_once(loop) -> None:
    one, other = pair(loop, b"another")
    loop.until(lambda: one.closed and other.closed)

    assert not one.ready
    assert not other.ready
    assert one.closed == ["the peer does not know this run's token"]
    assert len(other.closed) == 1


def test_a_closed_connection_is_told_once(loop) -> None:
    one, other = pair(loop)
    loop.until(lambda: one.ready and other.ready)
    one.connection.close("enough")
    one.connection.close("again")
    loop.until(lambda: other.closed)
    one.connection.send({"type": "nothing"})

    assert one.closed == ["enough"]
    assert other.closed == ["the peer closed the connection"]


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"nonsense\n",
        b"\xff" * 100 + b"\n",
        b"x" * (MAX_HANDSHAKE + 1),
        b'{"a":' * 150 + b"\n",
    ],
)
def test_garbage_closes_the_listening_end(loop, data: bytes) -> None:
    one, other = tcp()
    end = End(loop, other, False)
    one.sendall(data)
    loop.until(lambda: end.closed)
    one.close()

    assert not end.ready


def test_a_line_longer_than_a_line_may_be_is_cut_off(loop) -> None:
    one, other = pair(loop)
    loop.until(lambda: one.ready and other.ready)
    one.connection.send({"type": "huge", "data": "x" * MAX_LINE})
    loop.until(lambda: other.closed)

    assert other.closed == ["a line is too long"]
    assert other.messages == []


def test_a_peer_that_never_reads_is_cut_off(loop) -> None:
    sock, silent = tcp()
    one = End(loop, sock, True)
    other = Handshake(TOKEN)
    silent.sendall(other.answer(silent.recv(4096).strip()))
    loop.until(lambda: one.ready)
    data = "x" * (MAX_LINE // 2)
    for _ in range(3 * MAX_UNSENT // len(data)):
        one.connection.send({"type": "block", "data": data})
    silent.close()

    assert one.closed == ["the peer does not read"]


def test_dialling_reaches_a_listener(loop) -> None:
    server = listen("127.0.0.1:0")
    host, port = server.getsockname()
    dialled: list[socket.socket] = []
    dial(loop, f"{host}:{port}", dialled.append, pytest.fail)
    loop.until(lambda: dialled)

    accepted, _ = server.accept()
    dialled[0].send(b"hello")
    accepted.setblocking(True)
    assert accepted.recv(5) == b"hello"
    for sock in (server, accepted, dialled[0]):
        sock.close()


def test_a_name_is_looked_up_beside_the_loop(loop, monkeypatch) -> None:
    answer, asked = threading.Event(), threading.Event()

    def slow(host: str, *args: object, **named: object) -> object:
        asked.set()
        answer.wait()
        return look_up("127.0.0.1", *args, **named)

    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    server = listen("127.0.0.1:0")
    dialled: list[socket.socket] = []
    dial(loop, f"node-0.service:{server.getsockname()[1]}", dialled.append, pytest.fail)
    loop.until(asked.is_set)
    assert not dialled
    answer.set()
    loop.until(lambda: dialled)

    dialled[0].close()
    server.close()


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "[::1]:1", "no-such-host.invalid:80", f"{'x' * 80}.invalid:80"]
)
def test_a_failed_dial_says_where(loop, address: str) -> None:
    reasons: list[str] = []
    dial(loop, address, pytest.fail, reasons.append)
    loop.until(lambda: reasons)

    assert address in reasons[0]


def test_addresses_with_colons() -> None:
    assert split("10.0.0.1:80") == ("10.0.0.1", 80)
    assert split("[fd00::1]:80") == ("fd00::1", 80)
    assert split("node-0.service:80") == ("node-0.service", 80)
