"""An API server in this process that answers what a test has prepared, by paths: for who only looks
around in a cluster, as a real one can hardly be made to be so poor, or so mean."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rankzero.backends.kubernetes.cluster import Cluster
from support.kubeconfigs import kubeconfig

_REASONS = {403: "Forbidden", 404: "NotFound", 500: "InternalError"}


class Served:
    """Use it as a context manager. there: what lies at a path, or a status that refuses it; what is
    not there is not found. asked: every request, `METHOD PATH`. What is to be made comes back, and
    is not kept."""

    def __init__(self, **there: Any) -> None:
        self.there: dict[str, Any] = dict(there)
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Served:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def known(self, file: Path) -> Cluster:
        """The way there, by a kubeconfig that KUBECONFIG must name: its context is `lab`."""
        kubeconfig(file, "lab", self.url)
        return Cluster("lab", "team")

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        bare = urlsplit(path).path
        found = self.there.get(bare, 404 if method == "GET" else json.loads(body or b"{}"))
        if not isinstance(found, int):
            return (200 if method == "GET" else 201), found
        said = {"kind": "Status", "reason": _REASONS.get(found, ""), "message": f"{bare}: {found}"}
        return found, {**said, "code": found}


def _handler(server: Served) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one piece: else its second half waits for the other side

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, said = server.answer(self.command, self.path, body)
            data = json.dumps(said).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: the tests ask `asked`."""

    return Handler
