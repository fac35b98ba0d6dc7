"""How a server starts, bears, and ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from support import ports
from support.home import Home
from support.processes import alive, carrying, kill
from support.serving import Answer, Server, answered, finish
from support.waiting import PATIENCE, until

#: It waits for files, so tests say when things happen.
APP = """
import os, pathlib, time

HERE = pathlib.Path(__file__).parent

def wait(name):
    (HERE / f"{name}-{os.getpid()}").touch()
    while not (HERE / name).exists():
        time.sleep(0.01)

class Waits:
    def load(self, path):
        wait("loaded")
    def predict(self, batch):
        for one in batch:
            if one != "now":
                wait(one)
        return [os.getpid()] * len(batch)

class Broken:
    def load(self, path):
        self.model = open(path)
    def predict(self, batch):
        return batch

class Forks:
    def predict(self, batch):
        if "die" in batch:
            if os.fork():
                os.kill(os.getpid(), 9)
            wait("end")
            os._exit(0)
        return [os.getpid()] * len(batch)
"""


@pytest.fixture
def app(home: Home) -> Path:
    home.script(APP, "app.py")
    return home.work


def loaded(app: Path) -> None:
    (app / "loaded").touch()


def workers(home: Home) -> list[int]:
    found = carrying(home.state)
    return sorted(one.pid for one in found if "worker import" in " ".join(one.arguments))


def until_begun(app: Path, name: str) -> None:
    """Until the predictor works on what is called so."""
    until(lambda: list(app.glob(f"{name}-*")), f"the predictor to begin {name}")


def test_a_server_lives_while_its_model_loads_and_then_is_ready(app: Path, home: Home) -> None:
    with ports.free(1) as (port,):
        server = Server(home, "app.py:Waits", port=port)
        until_begun(app, "loaded")
        until(lambda: server.get("/api").status == 200, "the predictor to be known")
        assert server.get("/live").status == 200
        assert server.get("/ready").status == 503
        found = server.predict("now")
        assert (found.status, found.error["code"]) == (503, "loading")
        assert found.headers["retry-after"] == "5"
        assert server.get("/api").json["ready"] is False
        loaded(app)
        server.wait()
        assert server.get("/ready").status == 200
        assert server.predict("now").status == 200
        server.command.signal(signal.SIGINT)
        assert server.command.wait().code == 130


def test_what_was_taken_is_answered_before_a_server_ends(app: Path, home: Home) -> None:
    loaded(app)
    server = Server(home, "app.py:Waits", "--max-batch", "1").wait()
    begun = [server.begin(b'"held"') for _ in range(5)]
    server.until_metric("requests_in_flight", 5)
    server.command.signal(signal.SIGTERM)
    server.command.until_said("Ending")
    (app / "held").touch()
    assert [finish(one).status for one in begun] == [200] * 5
    assert server.command.wait().code == 0
    assert carrying(home.state) == []


def test_who_sends_to_a_server_that_is_about_to_end_learns_of_it_and_loses_nothing(
    app: Path, home: Home
) -> None:
    loaded(app)
    settings = {"predictor": "app.py:Waits", "port": 0, "workers": 2, "drain": 600}
    (app / "config.json").write_text(json.dumps(settings))
    server = Server.of(home.python("-m", "rankzero.serving", "config.json")).wait()
    going = threading.Barrier(9)
    counts: list[int] = []

    def client() -> None:
        connection, good = server.connect(), 0
        while answered(connection, "POST", "/predict", "now").headers.get("connection") != "close":
            good += 1
            if good == 5:
                going.wait(PATIENCE)
        counts.append(good)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for one in threads:
        one.start()
    going.wait(PATIENCE)
    server.command.signal(signal.SIGTERM)
    for one in threads:
        one.join(PATIENCE)
    assert len(counts) == 8  # none of them was cut off before it was told
    assert server.get("/ready").error["code"] == "draining"
    assert server.predict("now").status == 200
    server.command.signal(signal.SIGTERM)  # once more: at once
    assert server.command.wait().code == 0


def test_a_predictor_that_does_not_come_back_is_replaced(app: Path, home: Home) -> None:
    loaded(app)
    server = Server(home, "app.py:Waits", "--timeout", "2", "--max-batch", "1").wait()
    before = workers(home)
    stuck = server.begin(b'"never"')
    until_begun(app, "never")
    behind = finish(server.begin(b'"now"'))
    assert finish(stuck).status == 504
    assert (behind.status, behind.error["code"]) in ((503, "stuck"), (504, "timeout"))
    server.command.until_said("Worker 0 is replaced")
    found = until(lambda: (one := server.predict("now")).status == 200 and one, "an answer")
    assert found.json["output"] not in before
    assert server.metric("worker_starts_total") >= 2


def test_a_full_server_says_so_and_when_to_come_again(app: Path, home: Home) -> None:
    loaded(app)
    server = Server(home, "app.py:Waits", "--queue", "2", "--max-batch", "1").wait()
    begun = [server.begin(b'"held"') for _ in range(2)]
    server.until_metric("requests_in_flight", 2)
    for headers in ({}, {"connection": "close"}):  # in passing, and on the usual way
        found = server.ask("POST", "/predict", b'"now"', {**headers, "x-request-id": "mine"})
        assert (found.status, found.error["code"]) == (429, "busy")
        assert int(found.headers["retry-after"]) >= 1
        assert found.headers["x-request-id"] == "mine"
    assert server.get("/live").status == server.get("/ready").status == 200
    (app / "held").touch()
    assert [finish(one).status for one in begun] == [200] * 2
    assert server.metric('requests_total{status="429"}') == 2


def test_workers_share_a_port_and_one_that_dies_is_replaced(app: Path, home: Home) -> None:
    loaded(app)
    server = Server(home, "app.py:Waits", "--workers", "2", "--max-batch", "1").wait()
    begun = [server.begin(b'"held"') for _ in range(2)]
    until(lambda: len(list(app.glob("held-*"))) == 2 or more(server, begun), "both to work")
    (app / "held").touch()
    pids = {finish(one).json["output"] for one in begun}
    assert pids == set(workers(home))
    gone = pids.pop()
    kill(gone)
    server.command.until_said("Worker")
    until(lambda: len(workers(home)) == 2 and not alive(gone), "another worker")
    server.until_metric("workers_ready", 2)
    assert server.metric("worker_starts_total") == 3


def test_a_worker_that_dies_is_replaced_although_what_it_has_forked_lives(
    app: Path, home: Home
) -> None:
    server = Server(home, "app.py:Forks").wait()
    first = server.predict("now").json["output"]
    with server.begin(b'"die"'):
        until(lambda: not alive(first), "the worker to die")
        server.command.until_said("another follows")
    found = until(lambda: (one := asked(server)) and one.status == 200 and one, "an answer")
    assert found.json["output"] != first
    (app / "end").touch()


def asked(server: Server) -> Answer | None:
    """None where the connection broke."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return server.predict("now")
    return None


def more(server: Server, begun: list) -> bool:
    """The kernel gives a connection to whichever worker asks first, which may be the same twice."""
    begun.append(server.begin(b'"held"'))
    return False


def test_a_worker_that_has_answered_its_share_is_replaced(app: Path, home: Home) -> None:
    loaded(app)
    server = Server(home, "app.py:Waits", "--recycle-after", "3").wait()
    first = {server.predict("now").json["output"] for _ in range(2)}
    server.predict("now")
    server.command.until_said("answered its share")
    found = until(lambda: (one := server.predict("now")).status == 200 and one, "an answer")
    assert found.json["output"] not in first


def test_workers_end_with_their_keeper(app: Path, home: Home) -> None:
    loaded(app)
    server = Server(home, "app.py:Waits").wait()
    server.command.signal(signal.SIGKILL)
    server.command.wait()
    home.nothing_left()


def test_a_model_that_cannot_be_loaded_ends_the_server_and_names_the_line(
    app: Path, home: Home
) -> None:
    found = home.call("serve", "app.py:Broken", "--model", "missing.pt", "--port", "0")
    assert found.code == 1
    assert "app.py:Broken cannot be loaded: FileNotFoundError" in found.err
    assert "app.py:22 in load\n    self.model = open(path)" in found.err


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["app.py:Nobody"], 2, "has no class Nobody"),
        (["nothing.py:A"], 2, "no file nothing.py"),
        (["app.py"], 2, "FILE.py:CLASS"),
        (["app.py:Waits", "--host", "0.0.0.0"], 2, "no token was given"),
        (["app.py:Waits", "--host", "8.8.8.8", "--no-token"], 3, "cannot listen on 8.8.8.8"),
        (["app.py:Waits", "--max-body", "much"], 2, "--max-body"),
        (["app.py:Waits", "--timeout", "soon"], 2, "--timeout"),
    ],
)
def test_a_server_that_cannot_be_says_why(
    app: Path, home: Home, argv: list[str], code: int, says: str
) -> None:
    found = home.call("serve", *argv, "--port", "0")
    assert found.code == code, found
    assert says in found.err


def test_a_token_is_wanted_of_all_but_probes(app: Path, home: Home) -> None:
    loaded(app)
    (app / "token").write_text("a-long-token")
    server = Server(home, "app.py:Waits", "--token-file", "token").wait()
    for path in ("/api", "/metrics", "/openapi.json", "/nowhere"):
        found = server.get(path)
        assert (found.status, found.headers["www-authenticate"]) == (401, "Bearer")
        assert server.get(path, authorization="Bearer a-wrong-token").status == 401
        assert server.get(path, authorization="Basic a-long-token").status == 401
        assert server.get(path, authorization="Bearer a-long-token").status in (200, 404)
    assert server.predict("now").status == 401
    assert server.get("/live").status == server.get("/ready").status == 200
    assert server.get("/docs").status == 200


def test_a_pod_starts_it_from_a_file_of_settings(app: Path, home: Home) -> None:
    loaded(app)
    settings = {"predictor": "app.py:Waits", "port": 0, "access_log": False, "grace": 5}
    (app / "config.json").write_text(json.dumps(settings))
    command = home.python("-m", "rankzero.serving", "config.json")
    command.until_said("served at")
    command.signal(signal.SIGTERM)
    found = command.wait()
    assert found.code == 0, found
    assert os.listdir(app).count("config.json") == 1


def test_a_predictor_is_tried_without_a_server(app: Path, home: Home) -> None:
    home.script(
        "class P:\n    def predict(self, batch):\n        return [1 / one for one in batch]\n"
        "    def samples(self):\n        return [2, 0]\n",
        "tried.py",
    )
    found = home.call("serve", "tried.py:P", "--check")
    assert found.code == 1
    assert found.out == "P takes json and gives json.\nsample 1: 0.5\n"
    assert "sample 2: tried.py:P failed: ZeroDivisionError" in found.err
    assert "tried.py:3 in <listcomp>" in found.err or "tried.py:3 in predict" in found.err
