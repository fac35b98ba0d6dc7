"""A coordinator's way to an API server: whom it believes, and what it does there."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rankzero.agent.config import AgentConfig, Command
from rankzero.agent.events import Event
from rankzero.agent.healing.api import Api, Unanswered
from rankzero.agent.healing.healer import Healer
from rankzero.contracts.topology import Settings

#: As clusters' own authorities often are: who signed what is told by name alone.
_PLAIN = "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
_AUTHORITY = f"basicConstraints=critical,CA:true\n{_PLAIN}"
_SERVER = f"subjectAltName=IP:127.0.0.1\n{_PLAIN}"


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(("openssl", *words), cwd=folder, check=True, capture_output=True)


def signed(folder: Path, name: str, by: str, extensions: str) -> None:
    """NAME.key and NAME.crt; by: whose key signs, its own where it is the same."""
    how = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", *how, "-keyout", f"{name}.key", "-out", "asked", "-subj", f"/CN={name}")
    (folder / "extensions").write_text(extensions)
    root = ("-signkey", f"{name}.key")
    signer = root if by == name else ("-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-CAcreateserial")
    words = ("x509", "-req", "-in", "asked", "-days", "2", "-extfile", "extensions")
    openssl(folder, *words, *signer, "-out", f"{name}.crt")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a root, an authority that it made, and a server that this one made."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")
    signed(folder, "root", "root", _AUTHORITY)
    signed(folder, "authority", "root", _AUTHORITY)
    signed(folder, "server", "authority", _SERVER)
    return folder


class Server(ThreadingHTTPServer):
    """As much of an API server as is asked here. pods: those it has, by name; kept: those that
    nobody may patch; calls: what it was asked."""

    daemon_threads = True

    def __init__(self, certificates: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificates / "server.crt", certificates / "server.key")
        self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.pods: dict[str, Any] = {}
        self.kept: set[str] = set()
        self.calls: list[str] = []

    def handle_error(self, *_: object) -> None:
        """A client that does not believe it is no error of its own."""

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        name = path.partition("?")[0].rpartition("/")[2]
        what = "WATCH" if "watch=true" in path else method
        self.calls.append(what)
        if what == "GET":
            return 200, {"metadata": {"resourceVersion": "7"}, "items": [*self.pods.values()]}
        if name in self.kept:
            return 403, {"message": f"cannot patch {name}"}
        if what == "DELETE":
            del self.pods[name]
        return 200, {"type": "MODIFIED"}


class Answering(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        code, said = self.server.answer(self.command, self.path)
        body = json.dumps(said).encode() + b"\n"
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server(certificates: Path) -> Iterator[Server]:
    with Server(certificates) as made:
        serving = threading.Thread(target=made.serve_forever, args=(0.01,))
        serving.start()
        yield made
        made.shutdown()
        serving.join()


@pytest.fixture
def account(certificates: Path, tmp_path: Path) -> Path:
    """As the kubelet puts it there: of the authority it has no more than its own certificate."""
    (tmp_path / "token").write_text("a token")
    (tmp_path / "namespace").write_text("team")
    shutil.copy(certificates / "authority.crt", tmp_path / "ca.crt")
    return tmp_path


def listed(account: Path, host: str, server: Server) -> list[Any]:
    return [
        one for _, some in Api(str(account), (host, server.server_port)).pages("r") for one in some
    ]


def test_an_authority_without_key_identifiers_is_believed(account: Path, server: Server) -> None:
    assert listed(account, "127.0.0.1", server) == []


def test_nobody_else_is(account: Path, server: Server, certificates: Path) -> None:
    signed(account, "another", "another", _AUTHORITY)
    shutil.copy(account / "another.crt", account / "ca.crt")

    with pytest.raises(Unanswered, match="certificate verify failed"):
        listed(account, "127.0.0.1", server)


def test_a_certificate_for_another_host_is_not_believed(account: Path, server: Server) -> None:
    with pytest.raises(Unanswered, match="certificate verify failed"):
        listed(account, "localhost", server)
    assert server.calls == []


# -- taking nodes from dead machines


@pytest.fixture
def told() -> list[str]:
    """What the healer has to say."""
    return []


@pytest.fixture
def healer(
    loop: Any, account: Path, server: Server, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> Healer:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_port))
    command, settings = Command("script", "train.py"), Settings("run", "plain")
    config = AgentConfig(
        "run", "worker", 0, (), settings, command, "here:1", "token", "/n", "/n", "/n", "python3",
        account=str(account),
    )  # fmt: skip
    return Healer(loop, config, told.append)


def given_up(server: Server, *indices: int, end: str = "2100-01-01T00:00:00Z") -> None:
    """Pods of node1, which the cluster gave up."""
    for index in indices:
        labels = {"rankzero/role": "worker", "batch.kubernetes.io/job-completion-index": index}
        name = f"pod-{index}"
        mark = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}
        server.pods[name] = {
            "metadata": {"name": name, "uid": "u", "labels": labels, "deletionTimestamp": end},
            "spec": {"nodeName": "node1"},
            "status": {"phase": "Running", "conditions": [mark]},
        }


def lose(healer: Healer, index: int, **more: Any) -> None:
    node = {"node": f"worker/{index}"}
    for kind, data in (("node-joined", node), ("node-lost", {**node, "reason": "x", **more})):
        healer.happened(Event(1, 1.0, kind, data))


def took(index: int) -> str:
    return f"machine node1 is dead: took worker/{index} from it, so that it starts elsewhere"


def test_a_node_that_is_missed_is_taken_and_another_is_not(
    loop: Any, healer: Healer, server: Server, told: list[str]
) -> None:
    given_up(server, 1, 2)

    lose(healer, 1)
    loop.until(lambda: told)

    assert (told, list(server.pods)) == ([took(1)], ["pod-2"])


@pytest.mark.parametrize(("end", "left"), [("2100", ["pod-1"]), ("2020", [])])
def test_who_said_goodbye_keeps_its_machine_for_its_grace_period(
    loop: Any, healer: Healer, server: Server, told: list[str], end: str, left: list[str]
) -> None:
    given_up(server, 1, end=f"{end}-01-01T00:00:00Z")

    lose(healer, 1, left=True)
    loop.until(lambda: told or "WATCH" in server.calls)

    assert list(server.pods) == left


def test_what_was_taken_before_it_was_denied_is_told(
    loop: Any, healer: Healer, server: Server, told: list[str]
) -> None:
    given_up(server, 1, 2)
    server.kept = {"pod-2"}

    for index in (1, 2):
        healer.happened(Event(index, 1.0, "node-joined", {"node": f"worker/{index}"}))
    healer.happened(Event(3, 1.0, "waiting", {"nodes": ["worker/1", "worker/2"], "until": 9.0}))
    loop.until(lambda: len(told) > 1)

    assert told[0] == took(1)
    assert "403 cannot patch pod-2" in told[1]


def test_changes_without_end_do_not_hurry_it(
    loop: Any, healer: Healer, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server here has a change at once, whenever somebody waits for one."""
    pauses: list[float] = []
    after = loop.after

    def noted(delay: float, call: Any) -> Any:
        if getattr(call, "__self__", None) is healer:
            pauses.append(delay)
        return after(delay, call)

    monkeypatch.setattr(loop, "after", noted)

    lose(healer, 1)
    loop.until(lambda: pauses)

    assert (server.calls, pauses) == (["GET", "WATCH"], [1.0])
