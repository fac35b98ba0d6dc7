"""A registry in this process: the requests of the OCI distribution specification that images take,
with real storage, and with rights that a test can take away."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KIND = "application/vnd.oci.image"


class Stored:
    """Use it as a context manager. sent: bytes of contents that came, by their digests. writable:
    whether anything may be sent. asked: every request, `METHOD PATH`."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.sent: dict[str, int] = {}
        self.asked: list[str] = []
        self.writable = True
        self._uploads: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Stored:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def image(
        self,
        repository: str,
        reference: str,
        architecture: str = "amd64",
        layers: Sequence[tuple[bytes, str]] = (),
        **more: Any,
    ) -> str:
        """Put an image there; its name. layers: files, each with how it is packed, as a media type
        ends; one of no sense where there are none. more: of its settings."""
        config = {"architecture": architecture, "os": "linux", "rootfs": {"diff_ids": ["sha256:x"]}}
        config |= more
        held = layers or [(f"base {architecture}".encode(), "tar+gzip")]
        manifest = {
            "schemaVersion": 2,
            "config": self._put(json.dumps(config).encode(), f"{KIND}.config.v1+json"),
            "layers": [self._put(data, f"{KIND}.layer.v1.{kind}") for data, kind in held],
        }
        self.keep(repository, reference, f"{KIND}.manifest.v1+json", json.dumps(manifest).encode())
        return f"{self.host}/{repository}:{reference}"

    def index(self, repository: str, reference: str, *architectures: str) -> str:
        """Put one for several kinds of processors there; its name."""
        entries = []
        for one in architectures:
            self.image(repository, one, one)
            kind, data = self.manifests[f"{repository}:{one}"]
            about = {"os": "linux", "architecture": one}
            entries.append(
                {"mediaType": kind, "digest": digest(data), "size": len(data), "platform": about}
            )
        made = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
        self.keep(repository, reference, f"{KIND}.index.v1+json", made)
        return f"{self.host}/{repository}:{reference}"

    def tree(self, name: str) -> dict[str, Any]:
        """What a manifest says. name: of the image, with a tag or a digest."""
        repository, _, reference = name.partition("/")[2].replace("@", ":", 1).partition(":")
        found: dict[str, Any] = json.loads(self.manifests[f"{repository}:{reference}"][1])
        return found

    def keep(self, repository: str, reference: str, kind: str, data: bytes) -> None:
        for one in (reference, digest(data)):
            self.manifests[f"{repository}:{one}"] = (kind, data)

    def _put(self, data: bytes, kind: str) -> dict[str, Any]:
        self.blobs[digest(data)] = data
        return {"mediaType": kind, "digest": digest(data), "size": len(data)}

    # -- requests

    def answer(
        self, method: str, url: str, body: bytes, kind: str
    ) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(f"{method} {url}")
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if method not in ("GET", "HEAD") and not self.writable:
            return 403, {}, b'{"errors": [{"message": "you may only look"}]}'
        if found := re.fullmatch(r"/v2/(.+)/manifests/(.+)", path):
            return self._manifest(method, found[1], found[2], body, kind)
        if "/blobs/uploads/" in path:
            return self._upload(method, path, query, body)
        data = self.blobs.get(path.rpartition("/")[2])
        return (404, {}, b"") if data is None else (200, {}, data)

    def _manifest(
        self, method: str, repository: str, reference: str, body: bytes, kind: str
    ) -> tuple[int, dict[str, str], bytes]:
        if method == "PUT":
            self.keep(repository, reference, kind, body)
            return 201, {}, b""
        known = self.manifests.get(f"{repository}:{reference}")
        return (404, {}, b"") if known is None else (200, {"Content-Type": known[0]}, known[1])

    def _upload(
        self, method: str, path: str, query: dict[str, list[str]], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        if method == "POST":
            if query.get("mount", [""])[0] in self.blobs:
                return 201, {}, b""
            path = f"{path}{len(self._uploads)}"
            self._uploads[path] = b""
        held = self._uploads[path] = self._uploads[path] + body
        if method == "PUT":
            self.blobs[digest(held)] = held
            self.sent[digest(held)] = len(held)
            return 201, {}, b""
        return 202, {"Location": path, "Range": f"0-{max(len(held) - 1, 0)}"}, b""


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _handler(registry: Stored) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type", "")
            code, headers, data = registry.answer(self.command, self.path, body, kind)
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
