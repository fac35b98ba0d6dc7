"""What is said to registries that misbehave, and what is believed of them.

A server in this process stands for them: no real one can be made to answer so.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from rankzero.errors import Refused
from rankzero.images import names
from rankzero.images.registry import blobs, pushing
from rankzero.images.registry.auth import challenge
from rankzero.images.registry.credentials import Login
from rankzero.images.registry.pushing import Pushing
from rankzero.images.registry.reach import Denied, Reach, Trust
from rankzero.images.registry.repository import Repository
from rankzero.images.registry.sessions import Sessions

DATA = b"0123456789" * 3
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
UPLOAD = "/v2/team/app/blobs/uploads/1"


class Asked(NamedTuple):
    method: str
    path: str
    auth: str
    body: bytes
    range: str


class Registry:
    """answer: from what was asked to a status, headers and a body."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], tuple[int, dict[str, str], bytes]] = lambda _: (404, {}, b"")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                said = self.headers.get("Authorization", "")
                one = Asked(
                    self.command, self.path, said, body, self.headers.get("Content-Range", "")
                )
                outer.asked.append(one)
                code, headers, text = outer.answer(one)
                self.send_response(code)
                for name, value in {**headers, "Content-Length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def to(self, login: Login | None = None) -> Repository:
        name = names.parse(f"{self.host}/team/app:1")
        return Repository(Reach(self.host, self.host, Trust(), login), name)


@pytest.fixture
def registries() -> Iterator[Callable[[], Registry]]:
    made: list[Registry] = []

    def make() -> Registry:
        made.append(Registry())
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "_FIRST", 0.001)


def blob() -> blobs.Blob:
    return blobs.of_bytes(DATA, "application/octet-stream")


def stored(registry: Registry) -> Callable[[Asked], tuple[int, dict[str, str], bytes]]:
    """A registry that takes an upload, and knows how much it has."""
    held = bytearray()

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        where = {"Location": UPLOAD, "Range": f"0-{max(len(held) - 1, 0)}"}
        if asked.method == "HEAD":
            return 404, {}, b""
        if asked.method == "POST":
            return 202, where, b""
        if asked.method == "PATCH":
            held.extend(asked.body)
            return 202, {**where, "Range": f"0-{len(held) - 1}"}, b""
        if asked.method == "PUT":
            return (201 if bytes(held) == DATA else 400), {}, b""
        return 204, where, b""

    return answer


def test_a_password_is_told_to_nobody_to_whom_a_registry_leads(
    registries: Callable[[], Registry],
) -> None:
    registry, other = registries(), registries()
    takes = stored(other)
    other.answer = takes

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if not asked.auth:
            return 401, {"WWW-Authenticate": 'Basic realm="lab"'}, b""
        code, headers, body = takes(asked)
        if asked.method == "POST":
            headers = {"Location": f"http://{other.host}{UPLOAD}"}
        return code, headers, body

    registry.answer = answer
    Pushing(registry.to(Login("ada", "secret")), Sessions(None)).push(blob())

    assert any(one.auth for one in registry.asked)
    assert [one.method for one in other.asked] == ["PATCH", "PUT"]
    assert not any(one.auth for one in other.asked)


def test_what_the_giver_of_tokens_says_is_no_answer_of_the_registry(
    registries: Callable[[], Registry],
) -> None:
    registry, giver = registries(), registries()
    giver.answer = lambda _: (200, {}, b"{}")
    asks = {"WWW-Authenticate": f'Bearer realm="http://{giver.host}/token",scope="pull"'}
    registry.answer = lambda _: (401, asks, b"")

    with pytest.raises(Denied):
        registry.to(Login("ada", "secret")).has(DIGEST)
    assert giver.asked


def test_a_token_is_asked_for_once_and_again_where_it_is_not_taken_any_more(
    registries: Callable[[], Registry],
) -> None:
    registry, giver = registries(), registries()
    giver.answer = lambda _: (200, {}, b'{"token": "t%d"}' % len(giver.asked))
    asks = {"WWW-Authenticate": f'Bearer realm="http://{giver.host}/token",service="s",scope="x"'}
    good = ["Bearer t1"]
    registry.answer = lambda asked: (200 if asked.auth in good else 401, asks, b"")
    to = registry.to(Login("ada", "secret"))

    assert to.has(DIGEST)
    assert to.has(DIGEST)
    assert len(giver.asked) == 1
    assert giver.asked[0].auth.startswith("Basic ")
    assert "scope=x" in giver.asked[0].path
    good[:] = ["Bearer t2"]
    assert to.has(DIGEST)


def test_a_door_that_leads_elsewhere_is_no_success(registries: Callable[[], Registry]) -> None:
    registry = registries()

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.path == "/login":
            return 200, {}, b"welcome"
        return 302, {"Location": "/login"}, b""

    registry.answer = answer
    with pytest.raises(Refused):
        Pushing(registry.to(), Sessions(None)).manifest(b"{}", "application/json", "1")


def test_a_registry_that_starts_anew_is_waited_for(registries: Callable[[], Registry]) -> None:
    registry = registries()
    takes, troubles = stored(registry), iter([503] * 4)

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.method in ("PATCH", "GET", "POST") and (code := next(troubles, 0)):
            return code, {}, b""
        return takes(asked)

    registry.answer = answer
    push = Pushing(registry.to(), Sessions(None))
    push.push(blob())
    assert push.sent == len(DATA)


def test_who_is_told_that_more_is_there_goes_on_from_there(
    registries: Callable[[], Registry], tmp_path: Path
) -> None:
    """As where another command goes on with the same upload."""
    registry = registries()
    takes, other = stored(registry), [True]

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.method == "PATCH" and other:
            other.clear()
            takes(asked._replace(body=DATA[:10]))
            return 416, {}, b""
        return takes(asked)

    registry.answer = answer
    push = Pushing(registry.to(), Sessions(tmp_path / "uploads.json"))
    push.push(blob())
    assert [one.range for one in registry.asked if one.method == "PATCH"] == ["0-29", "10-29"]


def test_one_that_loses_everything_is_given_up(registries: Callable[[], Registry]) -> None:
    registry = registries()
    takes = stored(registry)
    registry.answer = lambda asked: (404, {}, b"") if asked.method == "PATCH" else takes(asked)
    with pytest.raises(Refused, match="loses what it was sent"):
        Pushing(registry.to(), Sessions(None)).push(blob())


def test_a_manifest_that_is_another_one_is_refused(registries: Callable[[], Registry]) -> None:
    registry = registries()
    kind = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    registry.answer = lambda _: (200, kind, b"{}")
    with pytest.raises(Refused, match="something else"):
        registry.to().document(DIGEST)
    with pytest.raises(Refused, match="something else"):
        registry.to().small({"digest": DIGEST, "size": 2, "mediaType": "x"})


@pytest.mark.parametrize(
    ("header", "kind", "said"),
    [
        ('Basic realm="lab"', "basic", {"realm": "lab"}),
        (
            'Bearer realm="https://a/t",scope="repository:a:pull,push", Basic realm="R"',
            "bearer",
            {"realm": "https://a/t", "scope": "repository:a:pull,push"},
        ),
        ('Basic realm="R", Bearer realm="https://a/t"', "bearer", {"realm": "https://a/t"}),
        ("", "", {}),
        ("Negotiate", "", {}),
    ],
)
def test_challenges(header: str, kind: str, said: dict[str, str]) -> None:
    assert challenge(header) == (kind, said)
