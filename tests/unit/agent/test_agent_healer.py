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

from rankzero.agent.healing.api import Api, Unanswered

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

    with pytest.raises(Unanswered, match="CERTIFICATE_VERIFY_FAILED"):
        listed(account, "127.0.0.1", server)


def test_a_certificate_for_another_host_is_not_believed(account: Path, server: Server) -> None:
    with pytest.raises(Unanswered, match="CERTIFICATE_VERIFY_FAILED"):
        listed(account, "localhost", server)
    assert server.calls == []
