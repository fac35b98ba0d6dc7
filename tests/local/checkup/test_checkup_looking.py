"""What a pod does that looks around, with real sockets and processes on this machine."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.checkup import meeting, names, server
from rankzero.code.agent_zip import agent_zip
from support.interpreters import extremes
from support.waiting import PATIENCE


def test_who_comes_to_the_first_pod_hears_its_name() -> None:
    host = meeting.Host(0)
    greeting = threading.Thread(target=host.greet, args=("localhost", PATIENCE))
    greeting.start()
    found = meeting.visit("localhost", host.port, PATIENCE)
    greeting.join()
    assert (found["fault"], found["seconds"] > 0) == ("", True)


def test_nobody_came() -> None:
    assert not meeting.Host(0).greet("me", 0.01)


def test_another_program_at_that_port_is_no_pod_of_ours() -> None:
    host = meeting.Host(0)
    greeting = threading.Thread(target=host.greet, args=("somebody-else", PATIENCE))
    greeting.start()
    found = meeting.visit("localhost", host.port, 0.0)
    greeting.join()
    assert found["kind"] == "other"


def test_names_and_connections_that_fail_are_told_apart() -> None:
    assert meeting.visit("nowhere.invalid", 1, 0.0)["kind"] == "name"
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        found = meeting.visit("localhost", bound.getsockname()[1], 0.0)
    assert (found["kind"], found["fault"]) == ("connection", "Connection refused")


def test_name_servers_are_read(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("search a.b\nnameserver 10.96.0.10\n# x\nnameserver\n")
    assert names.servers(str(tmp_path / "resolv.conf")) == ["10.96.0.10"]
    assert names.servers(str(tmp_path / "none")) == []


def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    found = names.look_up("kubernetes.default.svc", 0.01)
    never.set()
    assert found["fault"] == "no answer within 0.01 s"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Something with TLS whose answer to everybody is 403, with a date of the test's."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=api"]
    subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(listening.getsockname()[1]))

        def answer(*lines: str) -> threading.Thread:
            def serve() -> None:
                way, _ = listening.accept()
                with tls.wrap_socket(way, server_side=True) as secure:
                    secure.recv(4096)
                    secure.sendall("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode())

            thread = threading.Thread(target=serve)
            thread.start()
            return thread

        yield answer


def test_the_api_server_says_what_time_it_is_also_to_those_whom_it_refuses(api) -> None:
    serving = api("HTTP/1.1 403 Forbidden", f"Date: {formatdate(1e9, usegmt=True)}")
    found = server.ask()
    serving.join()
    assert found["fault"] == ""
    assert found["ahead"] < -86400, "that was in 2001"
    serving = api("HTTP/1.1 200 OK")
    assert server.ask()["ahead"] is None
    serving.join()


def test_an_api_server_that_is_not_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    assert server.ask()["fault"] == "Connection refused"


def looked(tmp_path: Path, python: str, *words: str, **env: str) -> list[dict[str, Any]]:
    archive = tmp_path / "agent.zip"
    archive.write_bytes(agent_zip())
    home = {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PATH": "/usr/bin:/bin",
    }
    said = subprocess.run(
        [python, archive, "checkup", *words],
        env={**home, **env},
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    assert os.listdir(tmp_path / "tmp") == []
    return [json.loads(line) for line in said.stdout.splitlines()]


@pytest.mark.parametrize("python", extremes())
def test_every_python_says_what_it_sees_of_gpus(tmp_path: Path, python: str) -> None:
    lines = looked(tmp_path, python, "gpus")
    assert [one["saw"] for one in lines][:2] == ["python", "devices"]
    assert lines[0]["version"].startswith("3.")
    assert lines[1]["tool"]["fault"] == ""


def test_the_second_pod_says_what_it_reaches(tmp_path: Path) -> None:
    host = meeting.Host(0)
    greeting = threading.Thread(target=host.greet, args=("localhost", PATIENCE))
    greeting.start()
    where = {"JOB_COMPLETION_INDEX": "1", "KUBERNETES_SERVICE_HOST": "127.0.0.1"}
    lines = looked(
        tmp_path,
        sys.executable,
        *("network", "localhost", str(host.port)),
        **where,
        KUBERNETES_SERVICE_PORT="1",
    )
    greeting.join()
    told = {one["saw"]: one for one in lines}
    assert told["names"]["name"] == "kubernetes.default.svc"
    assert told["server"]["fault"] == "Connection refused"
    assert told["peer"]["fault"] == ""
