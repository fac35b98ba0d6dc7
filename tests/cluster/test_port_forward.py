"""`rankzero port-forward`: ports of pods, dialled here."""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.home import Command
from support.waiting import PATIENCE, until

from .lab.target import Cluster
from .rights import without
from .shared import Shared, shared
from .team import Team

#: Echoes a line back, with who it is; of `slow`, only when the other side would have given up.
SERVER = """
import os, socketserver, time

class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line == b"slow\\n":
                time.sleep(3)
            self.wfile.write(os.environ["HOSTNAME"].encode() + b" " + line)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

server = Server(("127.0.0.1", 7000), Echo)
print("up", flush=True)
server.serve_forever()
"""
JOB = """
name: served
run: train.py
max_restarts: 3
roles:
  worker: {nodes: 2, ports: {echo: 7000}}
"""


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with shared(cluster, tmp_path_factory.mktemp("forward")) as made:
        yield made


@pytest.fixture(scope="module")
def able(place: Shared) -> Team:
    return place.member()


def serve(able: Team) -> str:
    """A run whose two nodes listen."""
    able.script(SERVER)
    started = able.call("run", able.script(JOB, "job.yaml"), "--detach")
    assert started.code == 0, started
    run = started.out.strip()
    able.until_logged(run, "up\n", 2)
    return run


@pytest.fixture(scope="module")
def run(able: Team) -> str:
    return serve(able)


@pytest.fixture
def forward(able: Team, run: str) -> Iterator[Callable[..., tuple[Command, int]]]:
    """Starts a port-forward; the command, and the port here."""
    made: list[Command] = []

    def start(*words: str) -> tuple[Command, int]:
        command = able.start("port-forward", run, *words)
        made.append(command)
        command.until_said("->")
        found = re.search(r"^127\.0\.0\.1:(\d+) -> ", command.out)
        assert found
        return command, int(found[1])

    yield start
    for command in made:
        command.end()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def ask(port: int, line: str) -> str:
    """One line there and back; empty where nobody answers."""
    with dial(port) as sock, sock.makefile("rw") as file:
        file.write(line + "\n")
        file.flush()
        return file.readline()


def test_a_port_by_its_name_leads_to_the_node_that_was_asked_for(
    forward: Callable[..., tuple[Command, int]], run: str
) -> None:
    command, port = forward(":echo", "--node", "worker/1")

    assert f":{port} -> worker/1:7000 (echo)" in command.out
    assert ask(port, "hello") == f"{run}-worker-1 hello\n"


def test_many_connections_live_side_by_side(
    forward: Callable[..., tuple[Command, int]], run: str
) -> None:
    _, port = forward(":7000", "--rank", "1")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: ask(port, str(number)), range(60)))

    assert answers == [f"{run}-worker-1 {number}\n" for number in range(60)]


def test_much_passes_unchanged(forward: Callable[..., tuple[Command, int]], run: str) -> None:
    _, port = forward(":7000")
    line = "x" * 5_000_000

    assert ask(port, line) == f"{run}-worker-0 {line}\n"


def test_an_answer_is_waited_for_after_all_was_sent(
    forward: Callable[..., tuple[Command, int]], run: str
) -> None:
    _, port = forward(":7000")
    with dial(port) as sock:
        sock.sendall(b"slow\n")
        sock.shutdown(socket.SHUT_WR)
        with sock.makefile() as file:
            assert file.readline() == f"{run}-worker-0 slow\n"


def test_a_port_where_nobody_listens_is_named_and_the_others_go_on(
    forward: Callable[..., tuple[Command, int]],
) -> None:
    command, port = forward(":7001", ":7000")

    assert ask(port, "hello") == ""
    command.until_said("note: nothing listens on port 7001 of worker/0")
    other = re.findall(r"^127\.0\.0\.1:(\d+) -> ", command.out, re.MULTILINE)[1]
    assert ask(int(other), "hello").endswith(" hello\n")
    assert "Traceback" not in command.err


def test_whoever_hangs_up_in_the_middle_disturbs_nobody(
    forward: Callable[..., tuple[Command, int]], run: str
) -> None:
    command, port = forward(":7000")
    for _ in range(5):
        with dial(port) as sock:
            sock.sendall(b"x" * 1_000_000)
            at_once = struct.pack("ii", 1, 0)  # a reset, with all that was to come
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)

    assert ask(port, "hello") == f"{run}-worker-0 hello\n"
    assert "Traceback" not in command.err


def test_a_node_that_is_replaced_is_reached_in_its_new_place(
    able: Team, forward: Callable[..., tuple[Command, int]], run: str
) -> None:
    _, port = forward(":7000", "--node", "worker/1")
    assert ask(port, "before") != ""
    worker = f"rankzero/run={run},batch.kubernetes.io/job-completion-index=1"
    (old,) = able.admin.get("pods", "-l", worker)["items"]
    able.admin("delete", "pod", old["metadata"]["name"], "--grace-period=1", "--wait=false")

    def answered() -> bool:
        pods = able.admin.get("pods", "-l", worker)["items"]
        new = [one for one in pods if one["metadata"]["uid"] != old["metadata"]["uid"]]
        return bool(new) and ask(port, "after") == f"{run}-worker-1 after\n"

    until(answered, "the node in its new place", 2 * PATIENCE)


def test_it_ends_with_ctrl_c(forward: Callable[..., tuple[Command, int]]) -> None:
    command, _ = forward(":7000")
    command.signal(signal.SIGINT)

    said = command.wait()
    assert (said.code, said.err) == (130, "")


def test_it_ends_with_the_run(able: Team) -> None:
    run = serve(able)
    command = able.start("port-forward", run, ":7000")
    command.until_said("->")
    assert able.call("stop", run).code == 0
    able.call("attach", run)  # who fetches what is left lets its pods go

    said = command.wait()
    assert said.code == 0
    assert f"{run} has ended" in said.err


def test_a_port_that_is_taken_here_is_refused_with_another(able: Team, run: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        local = taken.getsockname()[1]
        said = able.call("port-forward", run, f"{local}:7000")

    assert said.code == 3
    assert f"port {local}" in said.err
    assert ":7000 is any that is free" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("board",), 'worker/0 has no port "board". It has: echo'),
        (("80:",), "here:there"),
        (("80", "--node", "ps/0"), 'has no node "ps/0"'),
        (("80", "--rank", "0", "--node", "worker/0"), "not both"),
    ],
)
def test_what_cannot_be_is_a_wrong_request(
    able: Team, run: str, words: tuple[str, ...], said: str
) -> None:
    found = able.call("port-forward", run, *words)

    assert (found.code, said in found.err) == (2, True), found


def test_programs_are_told_the_port(able: Team, run: str) -> None:
    command = able.start("port-forward", run, ":echo", "-o", "json")
    command.until_said("}")

    told = json.loads(command.out)
    assert told | {"local": 0} == {
        "run": run,
        "node": "worker/0",
        "name": "echo",
        "port": 7000,
        "address": "127.0.0.1",
        "local": 0,
        "there": False,
    }
    assert ask(told["local"], "hello") != ""


def test_without_the_right_the_right_is_named(place: Shared, run: str) -> None:
    command = place.member(without("pods/portforward")).start("port-forward", run, ":7000")
    command.until_said("->")
    found = re.search(r":(\d+) -> ", command.out)
    assert found

    assert ask(int(found[1]), "hello") == ""
    command.until_said("pods/portforward")
