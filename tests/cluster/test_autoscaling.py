"""A service whose number of pods goes by their load, which a real metrics-server measures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.waiting import until

from .asking import asking
from .lab import target
from .lab.target import Cluster
from .shared import shared
from .team import ROLE, Team

#: Whoever is first may wait for metrics-server to be compiled.
pytestmark = pytest.mark.timeout(1800)
#: A pod is measured over its first seconds, and the load is looked at now and then.
MEASURED = 150.0
#: Each answer takes a hundredth of a second of a processor.
SERVER = """
import http.server, os, signal, threading, time

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        end = time.thread_time() + 0.01
        while time.thread_time() < end:
            pass
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"one")

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""


@pytest.fixture(scope="module")
def member(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with shared(cluster, tmp_path_factory.mktemp("autoscaling")) as made:
        yield made.member(ROLE)


@pytest.fixture(scope="module")
def loads(cluster: Cluster) -> Iterator[None]:
    """What measures them, from here on."""
    try:
        standing = target.loads(cluster)
    except target.NoCluster as reason:
        pytest.skip(str(reason))
    with standing:
        yield


@pytest.fixture(scope="module")
def web(member: Team, cluster: Cluster) -> str:
    """Between one and three pods, at half of a tenth of a processor."""
    how = ("--image", cluster.python, "--port", "8080", "--name", "web", "--drain", "0s")
    load = ("--autoscale", "1:3", "--at-cpu", "50%", "--cpu", "100m")
    done = member.call("serve", "deploy", *how, *load, "--", "python3", "-c", SERVER)
    assert done.code == 0, done
    (member.work / "said").write_text(done.err)
    return "web"


def status(team: Team) -> dict[str, Any]:
    said = team.call("serve", "status", "web", "-o", "json")
    assert said.code == 0, said
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_without_metrics_that_is_said(lab: Cluster, member: Team, web: str) -> None:
    assert "the cluster has no metrics-server" in (member.work / "said").read_text()
    found = until(lambda: (one := status(member))["scaling"]["cause"] and one, "what is missing")

    assert found["scaling"]["cause"] == "no-metrics" and found["scaling"]["at"] is None
    assert found["state"] == "ready" and found["wanted"] == 1
    why = json.loads(member.call("serve", "why", web, "-o", "json").out)["causes"]
    assert [(one["cause"], one["pods"]) for one in why] == [("no-metrics", [])]
    text = member.call("serve", "status", web).out
    assert "scaling  by the cluster: 1 to 3 pods, to keep processors at 50%\n" in text
    assert "the cluster has no metrics-server" in text and f"serve scale {web} N" in text


def test_load_brings_pods_and_a_number_ends_that(
    member: Team, cluster: Cluster, web: str, loads: None
) -> None:
    def measured() -> bool:
        return status(member)["scaling"]["at"] is not None

    until(measured, "the load of the first pod", MEASURED)
    address = status(member)["reach"]["address"]
    with asking(member, cluster, f"http://{address}:8080") as answers:
        found = until(lambda: (one := status(member))["ready"] == 3 and one, "three pods", MEASURED)
        assert answers()["failures"] == []

    assert found["scaling"]["at"] > 50 and found["scaling"]["cause"] is None
    assert "nothing is wrong with its pods" in member.call("serve", "why", web).out
    fixed = member.call("serve", "scale", web, "1")
    assert fixed.code == 0, fixed
    assert status(member)["scaling"] is None and status(member)["wanted"] == 1
