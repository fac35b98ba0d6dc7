"""What is said to registries that misbehave, and what is believed of them.

A server in this process stands for them: no real one can be made to answer so.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankzero.errors import BadRequest, Refused
from rankzero.images import names
from rankzero.images.registry import blobs, logging_in, pushing
from rankzero.images.registry.auth import challenge
from rankzero.images.registry.credentials import Login
from rankzero.images.registry.pushing import Pushing
from rankzero.images.registry.reach import Absent, Denied, Reach, Silent, Trust
from rankzero.images.registry.repository import Repository, past
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
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

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


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, b"", Denied, "does not let you give .*/team/app:1 without a password."),
        (403, b'{"errors": [{"message": "not yours"}]}', Denied, "without a password: not yours"),
        (404, b'{"errors": [{"code": "NAME_UNKNOWN"}]}', Absent, "no such thing: NAME_UNKNOWN"),
        (413, b"<html>", Refused, "takes nothing so large"),
        (418, b'{"errors": [{"message": "a"}, {"message": "b"}]}', Refused, "it says 418: a; b"),
        (429, b'{"errors": null}', Silent, "it says 429"),
        (503, b'{"errors": ["x"]}', Silent, "it says 503"),
        (500, b"[]", Silent, "it says 500"),
    ],
)
def test_a_no_is_told_with_the_registry_s_own_words(
    registries: Callable[[], Registry], status: int, body: bytes, kind: type[Exception], said: str
) -> None:
    registry = registries()
    registry.answer = lambda _: (status, {}, body)
    with pytest.raises(kind, match=said) as told:
        registry.to().document("1")
    assert type(told.value) is kind


@pytest.mark.parametrize(
    ("login", "who"),
    [(Login("ada", "x"), "as ada"), (Login("", "", "t"), "as its token"), (None, "without")],
)
def test_who_was_not_let_in_is_told(
    registries: Callable[[], Registry], login: Login | None, who: str
) -> None:
    registry = registries()
    registry.answer = lambda _: (403, {}, b"")
    with pytest.raises(Denied, match=who) as told:
        registry.to(login).has(DIGEST)
    assert str(told.value.hint).endswith(f"rankzero image login {registry.host}")


def test_a_token_of_one_s_own_is_changed_for_one_of_the_repository(
    registries: Callable[[], Registry],
) -> None:
    registry, giver = registries(), registries()
    giver.answer = lambda _: (200, {}, b'{"access_token": "given"}')
    asks = {"WWW-Authenticate": f'Bearer realm="http://{giver.host}/t",service="s",scope="a:pull"'}
    registry.answer = lambda asked: (200 if asked.auth == "Bearer given" else 401, asks, b"")
    assert registry.to(Login("", "", "own")).has(DIGEST)
    (asked,) = giver.asked
    form = parse_qs(asked.body.decode())
    assert (asked.method, asked.auth) == ("POST", "")
    assert form["refresh_token"] == ["own"] and form["grant_type"] == ["refresh_token"]
    assert (form["service"], form["scope"]) == (["s"], ["a:pull"])


@pytest.mark.parametrize("answer", [(403, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b"null")])
def test_who_gets_no_token_is_denied_by_the_registry_itself(
    registries: Callable[[], Registry], answer: tuple[int, bytes]
) -> None:
    registry, giver = registries(), registries()
    giver.answer = lambda _: (answer[0], {}, answer[1])
    asks = {"WWW-Authenticate": f'Bearer realm="http://{giver.host}/t",scope="a b"'}
    registry.answer = lambda _: (401, asks, b"")
    with pytest.raises(Denied, match=registry.host):
        registry.to().has(DIGEST)
    assert giver.asked[0].path == "/t?scope=a&scope=b"


@pytest.mark.parametrize("realm", ["", "ftp://lab/t", "lab/t"])
def test_nobody_is_asked_for_a_token_where_no_password_may_go(
    registries: Callable[[], Registry], realm: str
) -> None:
    registry = registries()
    registry.answer = lambda _: (401, {"WWW-Authenticate": f'Bearer realm="{realm}"'}, b"")
    with pytest.raises(Denied):
        registry.to(Login("ada", "secret")).has(DIGEST)
    assert [one.auth for one in registry.asked] == [""]


@pytest.mark.parametrize(
    ("mounts", "methods"),
    [
        (201, ["HEAD", "POST"]),
        (202, ["HEAD", "POST", "GET", "PATCH", "PUT"]),
        (403, ["HEAD", "POST", "POST", "PATCH", "PUT"]),
    ],
)
def test_what_another_repository_has_is_mounted_or_else_sent(
    registries: Callable[[], Registry], mounts: int, methods: list[str]
) -> None:
    registry = registries()
    takes = stored(registry)

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if "mount=" in asked.path:
            return mounts, {"Location": UPLOAD} if mounts == 202 else {}, b""
        return takes(asked)

    registry.answer = answer
    push = Pushing(registry.to(), Sessions(None))
    push.push(blob(), "lab/base")
    assert [one.method for one in registry.asked] == methods
    assert "from=lab%2Fbase" in registry.asked[1].path
    assert push.sent == (0 if mounts == 201 else len(DATA))


def test_the_place_of_an_upload_is_kept_as_it_was_said(
    registries: Callable[[], Registry],
) -> None:
    registry = registries()
    takes, states = stored(registry), iter("abc")

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        code, headers, body = takes(asked)
        if asked.method in ("POST", "PATCH"):
            headers["Location"] = f"{UPLOAD}?_state={next(states)}"
        return code, headers, body

    registry.answer = answer
    Pushing(registry.to(), Sessions(None)).push(blob())
    _, _, patch, put = registry.asked
    assert patch.path == f"{UPLOAD}?_state=a"
    assert put.path.startswith(f"{UPLOAD}?_state=b&digest=sha256%3A")


@pytest.mark.parametrize(
    ("method", "status", "said"),
    [
        ("POST", 202, "does not say where to send anything"),
        ("POST", 403, "does not let you take anything into team/app"),
        ("PATCH", 400, "does not take a part of sha256"),
        ("PUT", 400, "does not take sha256"),
    ],
)
def test_an_upload_that_is_refused_is_told(
    registries: Callable[[], Registry], method: str, status: int, said: str
) -> None:
    registry = registries()
    takes = stored(registry)
    registry.answer = lambda asked: (status, {}, b"") if asked.method == method else takes(asked)
    with pytest.raises(Refused, match=said):
        Pushing(registry.to(), Sessions(None)).push(blob())


def test_an_end_of_which_nobody_knows_any_more_is_one_where_the_content_is_there(
    registries: Callable[[], Registry],
) -> None:
    registry = registries()
    takes = stored(registry)

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        ended = any(one.method == "PUT" for one in registry.asked)
        if asked.method == "PUT":
            return 404, {}, b""
        return (200, {}, b"") if asked.method == "HEAD" and ended else takes(asked)

    registry.answer = answer
    Pushing(registry.to(), Sessions(None)).push(blob())
    assert [one.method for one in registry.asked].count("PUT") == 1


@pytest.mark.parametrize("status", [200, 206])
def test_a_content_is_read_from_where_one_was_also_where_it_comes_whole(
    registries: Callable[[], Registry], status: int
) -> None:
    registry = registries()
    registry.answer = lambda _: (status, {}, DATA if status == 200 else DATA[7:])
    about = {"digest": DIGEST, "size": len(DATA), "mediaType": "x"}
    with registry.to().blob(about).read(7) as pieces:
        assert b"".join(pieces) == DATA[7:]


PIECES = st.lists(st.binary(max_size=9), max_size=9)


@given(PIECES, st.integers(0, 99))
def test_all_but_the_first_bytes(pieces: list[bytes], start: int) -> None:
    assert b"".join(past(iter(pieces), start)) == b"".join(pieces)[start:]


@given(PIECES, st.integers(1, 20))
def test_pieces_of_one_size_hold_the_same(pieces: list[bytes], size: int) -> None:
    found = list(blobs.chunks(iter(pieces), size))
    assert b"".join(found) == b"".join(pieces)
    assert all(len(one) == size for one in found[:-1]) and all(found)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("ghcr.io", "ghcr.io"),
        ("index.docker.io", "docker.io"),
        ("lab:5000", "lab:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("localhost", "localhost"),
    ],
)
def test_registries_are_called_as_in_names_of_images(said: str, name: str) -> None:
    assert logging_in.called(said) == name


@pytest.mark.parametrize("said", ["", "https://ghcr.io", "ghcr.io/team", "a b.c", "-.example"])
def test_what_is_no_registry_is_told(said: str) -> None:
    with pytest.raises(BadRequest, match="is no registry"):
        logging_in.called(said)


def test_a_password_is_looked_at_or_it_is_told_that_nobody_does(
    registries: Callable[[], Registry],
) -> None:
    registry = registries()
    good = f"Basic {base64.b64encode(b'ada:x').decode()}"
    asks = {"WWW-Authenticate": 'Basic realm="lab"'}
    registry.answer = lambda asked: (200 if asked.auth == good else 401, asks, b"")
    assert logging_in.check(registry.host, Login("ada", "x"), Trust())
    with pytest.raises(Denied, match="does not let you log in as ada"):
        logging_in.check(registry.host, Login("ada", "y"), Trust())
    registry.answer = lambda _: (200, {}, b"")
    assert not logging_in.check(registry.host, Login("ada", "y"), Trust())
