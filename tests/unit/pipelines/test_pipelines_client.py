"""A pipeline's client: who it is, and how a cluster answers it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent import api, process
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.driver.cluster import words
from rankzero.driver.cluster.objects import GONE
from rankzero.pipelines.cluster.clients import Client
from rankzero.pipelines.cluster.objects import OverKubeconfig
from rankzero.pipelines.cluster.reading import driven
from support.kubeconfigs import kubeconfig


class Server(ThreadingHTTPServer):
    """Gives every request the same answer. asked: (method, path, content type, body) of all."""

    daemon_threads = True

    def __init__(self) -> None:
        self.code, self.body = 200, b""
        self.asked: list[tuple[str, str, str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def answers(self, code: int, *documents: dict[str, Any]) -> None:
        self.code = code
        self.body = b"\n".join(json.dumps(one).encode() for one in documents)


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length", 0))
        said = json.loads(self.rfile.read(length)) if length else None
        path, _, _ = self.path.partition("?")
        kind = self.headers.get("content-type", "")
        self.server.asked.append((self.command, path, kind, said))
        self.send_response(self.server.code)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing: the tests ask `asked`."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def over(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OverKubeconfig:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path / "config", "lab", url)))
    return OverKubeconfig(Cluster("lab", "team"))


@pytest.fixture
def objects(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OverKubeconfig:
    return over(f"http://127.0.0.1:{server.server_address[1]}", tmp_path, monkeypatch)


def refusal(reason: str, message: str = "no") -> dict[str, Any]:
    return {"kind": "Status", "reason": reason, "message": message}


JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"suspend": 1}}


@pytest.mark.parametrize(
    ("code", "said", "error"),
    [
        (409, refusal("AlreadyExists", 'jobs.batch "a" already exists'), api.Taken),
        (409, refusal("Conflict", "Precondition failed: UID in precondition"), api.Taken),
        (404, refusal("NotFound", 'jobs.batch "a" not found'), api.Absent),
        (422, refusal("Invalid", "the server rejected our request"), api.Invalid),
        (400, refusal("BadRequest"), api.Invalid),
        (403, refusal("Forbidden"), api.Denied),
        (401, refusal("Unauthorized"), api.Denied),
        # What another try may help:
        (409, refusal("Conflict", "apply your changes to the latest version"), api.Unanswered),
        (403, refusal("Forbidden", "namespace team is being terminated"), api.Unanswered),
        (500, refusal("InternalError"), api.Unanswered),
        (503, refusal("ServiceUnavailable"), api.Unanswered),
        (429, refusal("TooManyRequests"), api.Unanswered),
        (200, {"log in": "to this network"}, api.Unanswered),
    ],
)
def test_what_a_cluster_refuses_is_told_as_a_driver_knows_it(
    server: Server, objects: OverKubeconfig, code: int, said: dict[str, Any], error: type[Exception]
) -> None:
    server.answers(code, said)
    with pytest.raises((api.Unanswered, api.Denied)) as told:
        objects.create(JOB)
    assert type(told.value) is error


def test_a_server_that_is_not_there_may_be_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = over("http://127.0.0.1:1", tmp_path, monkeypatch)
    with pytest.raises(api.Unanswered) as told:
        nobody.every("Job", "a=b")
    assert type(told.value) is api.Unanswered


def test_objects_are_changed_by_the_patches_that_a_driver_means(
    server: Server, objects: OverKubeconfig
) -> None:
    server.answers(200, JOB)
    assert objects.change("Job", "a", {"spec": {}}) == JOB
    steps = [{"op": "test", "path": "/a", "value": 1}]
    assert objects.amend("ConfigMap", "b", steps) == JOB
    of = "/namespaces/team"
    assert server.asked == [
        ("PATCH", f"/apis/batch/v1{of}/jobs/a", "application/merge-patch+json", {"spec": {}}),
        ("PATCH", f"/api/v1{of}/configmaps/b", "application/json-patch+json", steps),
    ]


def test_lists_and_watches_hold_what_a_driver_looks_at(
    server: Server, objects: OverKubeconfig
) -> None:
    whole = {**JOB, "spec": {"suspend": True, "template": {"much": "more"}}}
    slim = {**JOB, "spec": {"suspend": True}}
    server.answers(200, {"metadata": {"resourceVersion": "7"}, "items": [whole]})
    assert objects.every("Job", "a=b") == ([slim], "7")
    old = {"type": "ERROR", "object": {"code": 410, "message": "too old"}}
    server.answers(200, {"type": "DELETED", "object": whole}, old)
    changes = objects.changes("Job", "a=b", "7")
    assert next(changes) == (GONE, slim)
    with pytest.raises(api.Invalid):
        next(changes)


def test_of_this_machine_s_processes_it_is_known_whether_they_are_there() -> None:
    me = Client.me()
    assert Client.parse(str(me)) == me == Client.me()
    assert (me.pid, me.here) == (os.getpid(), True)
    assert me._replace(born=me.born - 1).here is False, "another one had its number"
    assert me._replace(who="ada@elsewhere").here is None
    assert me._replace(space=me.space + 1).here is None, "in a container"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        lives = me._replace(pid=other.pid, born=process.born(other.pid) or 0)
        assert lives.here
    assert lives.here is False


@pytest.mark.parametrize("name", ["ada@laptop", "a/b/c/d/e", "someone/1/x/2/t"])
def test_of_a_name_that_was_written_otherwise_nothing_more_is_known(name: str) -> None:
    assert Client.parse(name) == Client(name, 0, 0, 0, "")
    assert Client.parse(name).here is None


def job(client: str | None, **status: Any) -> dict[str, Any]:
    notes = {} if client is None else {words.CLIENT: client}
    return {"metadata": {"annotations": notes}, "status": status}


def test_one_is_driven_as_long_as_nobody_can_know_better() -> None:
    me = Client.me()
    assert driven(job(str(me)))
    assert driven(job(str(me._replace(who="ada@elsewhere"))))
    assert not driven(job(str(me._replace(born=me.born - 1))))
    assert not driven(job("")), "its client has left"
    assert driven(job(None)), "a pod comes"
    ended = [{"type": "Failed", "status": "True"}]
    assert not driven(job(str(me), conditions=ended))
