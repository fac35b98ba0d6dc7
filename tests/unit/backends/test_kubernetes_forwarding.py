"""Ports of a pod on loopback, over WebSockets that the test has the other end of."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rankzero.backends.kubernetes.forwarding import Destination, Forwarding, Node
from rankzero.backends.ports import Opened, Wanted
from rankzero.backends.spot import Spot
from rankzero.errors import BadRequest, Error, Refused
from support.apiserver import ApiServer, Asked
from support.entered import Entered
from support.runs import pod, submit
from support.waiting import PATIENCE

DATA, ERROR = 0, 1
PORT = (8080).to_bytes(2, "little")


class Pods:
    """What is forwarded to: one pod after the other, until `over`."""

    title = "worker/0"

    def __init__(self, *pods: str) -> None:
        self._pods = list(pods)
        self.over = threading.Event()

    @property
    def pod(self) -> str:
        return self._pods[0]

    def again(self) -> None:
        if len(self._pods) == 1:
            raise Refused("worker/0 is not there at present.")
        del self._pods[0]

    def number(self, wanted: Wanted) -> int:
        return wanted.number(self.title, {"board": 8080})

    def until_over(self) -> str:
        self.over.wait()
        return "it has ended"


class Serving:
    """The forwarding in a thread. notes: what it said, in order."""

    def __init__(self, api: ApiServer, to: Destination, *wanted: str) -> None:
        self._opened: queue.SimpleQueue[Opened | Error] = queue.SimpleQueue()
        self.notes: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._forwarding = Forwarding(api.cluster(), to, self._opened.put, self.notes.put)
        self._wanted = list(map(Wanted.read, wanted))
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        try:
            self._forwarding.serve(self._wanted, "127.0.0.1")
        except Error as error:
            self._opened.put(error)

    def opened(self) -> Opened:
        found = self._opened.get(timeout=PATIENCE)
        if isinstance(found, Error):
            raise found
        return found


@pytest.fixture
def to() -> Pods:
    return Pods("first", "second")


@pytest.fixture
def serve(api: ApiServer, to: Pods) -> Iterator[Callable[..., Serving]]:
    made: list[Serving] = []

    def start(*wanted: str, where: Any = to) -> Serving:
        made.append(Serving(api, where, *(wanted or (":8080",))))
        return made[-1]

    yield start
    to.over.set()
    for one in made:
        one.thread.join()


def talks(way: Entered) -> None:
    """Each channel begins with the port's number."""
    for channel in (DATA, ERROR):
        way.send(channel, PORT)


def echo(_: Asked, way: Entered) -> None:
    talks(way)
    for _, data in way.frames():
        way.send(DATA, data)
        if data.endswith(b"."):
            return


def said(opened: Opened, data: bytes = b"") -> bytes:
    """All that comes back until the other side has said all."""
    with socket.create_connection((opened.address, opened.local)) as way:
        way.sendall(data)
        return b"".join(iter(lambda: way.recv(65536), b""))


def test_what_is_sent_comes_back_whole_and_its_end_is_the_end(
    api: ApiServer, serve: Callable[..., Serving]
) -> None:
    api.pod = echo
    opened = serve().opened()

    assert (opened.node, opened.name, opened.port) == ("worker/0", "8080", 8080)
    long = b"0123456789" * 50_000 + b"."
    assert said(opened, long) == long
    assert said(opened, b"again.") == b"again."


def test_several_at_a_time_are_kept_apart(api: ApiServer, serve: Callable[..., Serving]) -> None:
    api.pod = echo
    serving = serve(":8080", ":board")
    first, second = serving.opened(), serving.opened()
    assert (first.name, second.name, second.port) == ("8080", "board", 8080)

    ways = [socket.create_connection((one.address, one.local)) for one in (first, second, first)]
    with contextlib.ExitStack() as all_:
        for number, way in enumerate(ways):
            all_.enter_context(way).sendall(b"%d." % number)
        assert [way.recv(10) for way in ways] == [b"0.", b"1.", b"2."]


def test_a_port_that_nothing_listens_on_is_told_and_the_next_may_work(
    api: ApiServer, serve: Callable[..., Serving]
) -> None:
    def refuse(_: Asked, way: Entered) -> None:
        talks(way)
        way.send(ERROR, b"dial tcp4 127.0.0.1:8080: connect: connection refused ")

    api.pod = refuse
    serving = serve()
    opened = serving.opened()
    assert said(opened) == b""
    assert serving.notes.get(timeout=PATIENCE) == "nothing listens on port 8080 of worker/0"

    api.pod = echo
    assert said(opened, b"now.") == b"now."


def test_what_a_pod_says_of_another_error_is_passed_on(
    api: ApiServer, serve: Callable[..., Serving]
) -> None:
    def fail(_: Asked, way: Entered) -> None:
        talks(way)
        way.send(ERROR, b"network namespace is gone\n")

    api.pod = fail
    serving = serve()
    said(serving.opened())

    assert serving.notes.get(timeout=PATIENCE) == "port 8080 of worker/0: network namespace is gone"


def test_a_pod_that_was_replaced_is_left_for_the_newer_one(
    api: ApiServer, serve: Callable[..., Serving]
) -> None:
    asked: list[str] = []

    def second_alone(how: Asked, way: Entered) -> None:
        asked.append(how.name)
        echo(how, way)

    api.pod = second_alone
    api.refuses["GET Pod portforward"] = 404
    to = Pods("first", "second")
    again = to.again

    def there_now() -> None:
        again()
        del api.refuses["GET Pod portforward"]

    to.again = there_now  # type: ignore[method-assign]
    assert said(serve(where=to).opened(), b"hello.") == b"hello."
    assert asked == ["second"]
    to.over.set()


@pytest.mark.parametrize(("code", "what"), [(403, "may not read"), (500, "at present")])
def test_who_may_not_enter_or_finds_nobody_is_told(
    api: ApiServer, to: Pods, serve: Callable[..., Serving], code: int, what: str
) -> None:
    to.again()
    api.refuses["GET Pod portforward"] = code
    serving = serve()

    assert said(serving.opened()) == b""
    assert what in serving.notes.get(timeout=PATIENCE)


def test_the_end_of_what_it_leads_to_is_its_own(to: Pods, serve: Callable[..., Serving]) -> None:
    serving = serve()
    serving.opened()
    to.over.set()
    serving.thread.join()

    assert serving.notes.get(timeout=PATIENCE) == "it has ended"


def test_a_port_that_is_taken_here_is_told_with_another_way(
    serve: Callable[..., Serving],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"cannot listen on 127.0.0.1, port {port}: ") as raised:
            serve(f"{port}:8080").opened()
    assert ":8080 is any that is free" in str(raised.value.hint)


def test_a_node_s_ports_have_the_names_that_its_role_gives_them(api: ApiServer) -> None:
    roles = {"worker": {"nodes": {"minimum": 1, "maximum": 1}, "ports": {"board": 6006}}}
    found = submit(api, roles=roles)
    pod(api, found)
    node = Node(api.cluster(), found.run, Spot())

    assert (node.title, node.pod) == ("worker/0", f"{found.run}-worker-0-x")
    assert node.number(Wanted.read("board")) == 6006
    assert node.number(Wanted.read("1:7000")) == 7000
    with pytest.raises(BadRequest, match=r'no port "web"\. It has: board'):
        node.number(Wanted.read("web"))


def test_a_node_s_newer_pod_takes_its_place(api: ApiServer) -> None:
    found = submit(api)
    pod(api, found)
    node = Node(api.cluster(), found.run, Spot())
    pod(api, found, name="newer", metadata={"creationTimestamp": "2026-01-02T00:00:00Z"})
    assert node.pod != "newer"

    node.again()
    assert node.pod == "newer"


@pytest.mark.parametrize("how", ["ends", "deleted"])
def test_a_run_s_end_is_seen_by_who_forwards_to_it(api: ApiServer, how: str) -> None:
    found = submit(api)
    pod(api, found)
    node = Node(api.cluster(), found.run, Spot())
    name = found.job["metadata"]["name"]
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    waits = threading.Thread(target=lambda: told.put(node.until_over()))
    waits.start()
    if how == "ends":
        status = {"conditions": [{"type": "Failed", "status": "True", "message": "no"}]}
        api.change("Job", name, status=status)
    else:
        api.api.take("Job", name)
    waits.join()

    assert told.get() == "digits-7f3a has ended"


def test_who_may_not_see_the_end_is_told(api: ApiServer) -> None:
    found = submit(api)
    pod(api, found)
    node = Node(api.cluster(), found.run, Spot())
    api.refuses["GET Job"] = 403

    with pytest.raises(Refused, match=r"the end of digits-7f3a will not be seen: may not read"):
        node.until_over()
