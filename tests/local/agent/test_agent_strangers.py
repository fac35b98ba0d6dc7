"""Those who dial the coordinator and should not, and those who may."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from rankzero.agent import events as ev
from rankzero.agent.wire.seal import MAX_HANDSHAKE, Broken, Handshake
from rankzero.backends.viewer import Lost, Viewer
from support.waiting import PATIENCE

TRAINS = "import time\nprint('up', flush=True)\ntime.sleep(300)\n"
HELLO = "print('up')"


@pytest.fixture
def running(cluster) -> Iterator[Viewer]:
    """A run in its middle, and a viewer of it; at the end the viewer must still be served."""
    cluster.start_all(TRAINS)
    cluster.until_event(ev.RUNNING)
    ranks = {rank: process.pid for rank, process in cluster.ranks().items()}
    with cluster.viewer() as viewer:
        yield viewer
        assert {rank: process.pid for rank, process in cluster.ranks().items()} == ranks
        viewer.ask("stop", by="a test", grace=0.0)
        assert viewer.next()["type"] == "stopping"
        cluster.codes()
    assert cluster.history().state == ev.STOPPED
    assert cluster.history().generation == 1
    assert not cluster.events(ev.NODE_LOST)


def dial(cluster) -> socket.socket:
    return socket.create_connection(("127.0.0.1", cluster.port), timeout=PATIENCE)


def hung_up(sock: socket.socket) -> bool:
    """Whether the other side closes, whatever it says before."""
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


GARBAGE = {
    "binary": os.urandom(600) + b"\n",
    "no json": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "not an object": b"[1, 2]\n",
    "deep": b"[" * 1000 + b"\n",
    "another version": b'{"rankzero": 99, "purpose": "node", "nonce": "00"}\n',
    "no nonce": b'{"rankzero": 1, "purpose": "node"}\n',
    "a nonce that is no text": b'{"rankzero": 1, "purpose": "node", "nonce": 3}\n',
    "unicode": '{"rankzero": 1, "purpose": "nöde", "nonce": "ü"}\n'.encode(),
    "null bytes": b"\0" * 500 + b"\n",
    "a huge line": b"x" * (MAX_HANDSHAKE + 1),
    "a greeting and garbage": b'{"rankzero": 1, "purpose": "node", "nonce": "00"}\nnonsense\n',
    "a greeting and a wrong proof": (
        b'{"rankzero": 1, "purpose": "node", "nonce": "00"}\n{"proof": "00"}\n'
    ),
}


def test_garbage_is_hung_up_on_and_disturbs_nobody(cluster, running: Viewer) -> None:
    for data in GARBAGE.values():
        with dial(cluster) as sock:
            sock.sendall(data)
            assert hung_up(sock)


def test_megabytes_of_garbage_are_not_taken_in(cluster, running: Viewer) -> None:
    with dial(cluster) as sock, pytest.raises((ConnectionError, TimeoutError)):
        for _ in range(200):
            sock.sendall(b"x" * 1_000_000)


def test_those_who_say_nothing_do_not_keep_others_out(cluster, running: Viewer) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            sock = stack.enter_context(dial(cluster))
            sock.sendall(b"{")  # one byte, and then silence
        with cluster.viewer() as other:
            other.ask("events", **{"from": 1})
            assert other.next()["type"] == "events"


def test_more_strangers_than_are_listened_to(cluster, running: Viewer) -> None:
    with ExitStack() as stack:
        for _ in range(400):
            stack.enter_context(dial(cluster))
        running.ask("events", **{"from": 1})
        assert running.next()["type"] == "events"
    # They have hung up, so others are heard again.
    with cluster.viewer() as other:
        other.ask("events", **{"from": 1})
        assert other.next()["type"] == "events"


def test_a_viewer_with_another_token_is_turned_away(cluster, running: Viewer) -> None:
    with pytest.raises((Broken, Lost)):
        cluster.viewer(b"b" * 64)


def test_a_listener_that_does_not_know_the_token_is_not_believed(cluster, running: Viewer) -> None:
    """What a stranger on the coordinator's port would have to do: answer the greeting."""
    with dial(cluster) as sock:
        greeting = Handshake(b"b" * 64, "viewer")
        sock.sendall(greeting.greet())
        line = sock.makefile("rb").readline().strip()
        with pytest.raises(Broken, match="token"):
            greeting.check_listener(line)


@pytest.mark.parametrize("token", [b"", b"b" * 64], ids=["none", "another"])
def test_an_agent_without_the_token_never_joins(cluster, token: bytes) -> None:
    stranger = cluster.folder / "another-token"
    stranger.write_bytes(token)
    cluster.start(cluster.config(0, HELLO))
    cluster.until_event(ev.NODE_JOINED)
    wrong = cluster.config(1, HELLO, token_file=str(stranger), folder=str(cluster.folder / "wrong"))
    intruder = cluster.start(wrong)
    cluster.until_event(ev.WAITING)
    assert [event.data["node"] for event in cluster.events(ev.NODE_JOINED)] == ["worker/0"]
    intruder.kill()
    intruder.wait()

    cluster.start(cluster.config(1, HELLO))
    cluster.codes()

    assert cluster.history().state == ev.SUCCEEDED
    assert len(cluster.events(ev.NODE_JOINED)) == 2


def test_a_viewer_goes_on_where_an_earlier_one_was_cut_off(cluster) -> None:
    script = "import time\nfor i in range(5): print(i, flush=True)\ntime.sleep(300)\n"
    cluster.start_all(script, nodes=1)
    cluster.until_event(ev.RUNNING)
    with cluster.viewer() as first:
        events, offsets, data = _pull(first, 1, {}, b"1\n")
    with cluster.viewer() as second:
        second.ask("stop", by="a test", grace=0.0)
        assert second.next()["type"] == "stopping"
        last = events[-1].seq
        second.ask("events", **{"from": last + 1})
        answer = second.next()
    cluster.codes()

    more = [ev.from_line(line) for line in answer["events"]]
    assert [event.seq for event in events] == list(range(1, last + 1))
    assert more[0].seq == last + 1
    assert data.startswith(b"0\n1\n")
    assert offsets["0"] == len(data), "the offset to go on from is that of the bytes read"


def _pull(viewer: Viewer, seq: int, offsets: dict, enough: bytes):
    """Events and the log of the first node, until this is in it."""
    events, data = [], b""
    viewer.ask("events", **{"from": seq})
    viewer.ask("log", node="worker/0", offsets=offsets, wait=True)
    while enough not in data or not events:
        answer = viewer.next()
        if answer["type"] == "events":
            events += [ev.from_line(line) for line in answer["events"]]
        else:
            data += b"".join(base64.b64decode(chunk["data"]) for chunk in answer["chunks"])
            offsets = answer["offsets"]
            viewer.ask("log", node="worker/0", offsets=offsets, wait=True)
    return events, offsets, data


def test_a_question_about_a_node_that_is_gone_is_answered_where_nobody_waits(
    cluster, running: Viewer
) -> None:
    running.ask("log", node="worker/7", offsets={}, wait=False)

    assert running.next()["gone"] is True


def test_a_viewer_that_talks_nonsense_loses_only_its_own_connection(
    cluster, running: Viewer
) -> None:
    for question in (
        {"kind": "events"},  # without the number to begin at
        {"kind": "events", "from": "the beginning"},
        {"kind": "log", "node": "worker/0", "offsets": ["not", "a", "table"], "wait": False},
        {"kind": "log", "node": "worker/0", "offsets": {"0": -5}, "wait": False},
        {"kind": "log", "node": "worker/0", "offsets": {}, "ranks": 3, "wait": False},
        {"kind": "stop", "grace": "soon"},
        {"kind": "unheard of"},
    ):
        with cluster.viewer() as viewer:
            viewer.ask(**question)
            viewer.ask("events", **{"from": 1})
            try:
                assert viewer.next()["type"] in ("events", "log")
            except Lost:
                continue
