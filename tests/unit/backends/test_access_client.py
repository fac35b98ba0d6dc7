"""Clients of a server on loopback that wants to know who one is."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from rankzero import __version__
from rankzero.backends.kubernetes.access import Access
from rankzero.backends.kubernetes.access.model import AuthProvider, Context, Exec, User
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.errors import Refused
from support.kubeconfigs import V1, calls, context, kubeconfig, program

_PATIENCE = httpx2.Timeout(30)
Headers = list[tuple[str, str]]


class Server(ThreadingHTTPServer):
    """Knows one Authorization; answers 401 to all others. asked: path and headers of all."""

    daemon_threads = True

    def __init__(self, knows: str = "") -> None:
        self.knows, self.asked = knows, list[tuple[str, Headers]]()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def shown(self) -> list[str]:
        """The Authorization of each request."""
        return [dict(headers).get("authorization", "") for _, headers in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        headers = [(key.lower(), value) for key, value in self.headers.items()]
        self.server.asked.append((self.path, headers))
        known = not self.server.knows or dict(headers).get("authorization") == self.server.knows
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

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


def blocking(to: Context) -> int:
    with Access(to).client(_PATIENCE) as client:
        return client.get("/version").status_code


def in_a_loop(to: Context) -> int:
    async def ask() -> int:
        async with Access(to).async_client(_PATIENCE) as client:
            return (await client.get("/version")).status_code

    return asyncio.run(ask())


@pytest.fixture(params=[blocking, in_a_loop])
def ask(request: pytest.FixtureRequest) -> Callable[[Context], int]:
    """Asks with a client of its own, and gives the answer's code."""
    found: Callable[[Context], int] = request.param
    return found


Ask = Callable[[Context], int]


@pytest.mark.parametrize(
    ("user", "header"),
    [
        (User(token="t"), "Bearer t"),
        (
            User(username="me", password="pä:ss"),
            "Basic " + base64.b64encode("me:pä:ss".encode()).decode(),
        ),
        (User(auth_provider=AuthProvider("oidc", {"id-token": "id"})), "Bearer id"),
        (User(token="t", username="me", exec=Exec("no-such-plugin", V1)), "Bearer t"),
        (User(), ""),
        (User(token=" of-a-block\n"), "Bearer of-a-block"),
    ],
)
def test_what_the_kubeconfig_holds_is_shown(
    server: Server, ask: Ask, user: User, header: str
) -> None:
    assert ask(context(user, server.url)) == 200
    assert server.shown == [header]


@pytest.mark.parametrize("token", ["hunter\n2", "hunter2ü", "hunter\x002"])
def test_what_no_header_can_hold_is_neither_shown_nor_said(
    server: Server, ask: Ask, token: str
) -> None:
    with pytest.raises(Refused, match="the token in the kubeconfig holds what no header") as said:
        ask(context(User(token=token), server.url))
    assert "hunter" not in str(said.value)
    assert server.asked == []


def test_whom_no_header_can_name_one_cannot_be_taken_for(server: Server, ask: Ask) -> None:
    with pytest.raises(Refused, match="cannot be taken for 'ü'"):
        ask(context(User(as_user="ü"), server.url))


def test_a_server_s_own_password_is_not_said() -> None:
    way = Access(context(server="https://me:hunter2@lab:6443/k8s")).way
    assert way == "https://lab:6443/k8s"


def test_what_is_refused_and_fixed_is_shown_once(server: Server, ask: Ask) -> None:
    server.knows = "Bearer new"
    assert ask(context(User(token="old"), server.url)) == 401
    assert len(server.asked) == 1


def test_a_token_s_file_is_read_anew(server: Server, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one\n")
    user = User(token="unused", token_file=str(token))
    with Access(context(user, server.url)).client(_PATIENCE) as client:
        client.get("/")
        token.write_text("two\n")
        client.get("/")
    assert server.shown == ["Bearer one", "Bearer two"]


def test_a_token_that_was_replaced_meanwhile_is_shown_again(
    server: Server, tmp_path: Path, ask: Ask
) -> None:
    """The file changes while the request is on its way."""
    token = tmp_path / "token"
    token.write_text("one")
    server.knows = "Bearer two"
    refuse = _Handler.send_response

    class Replacing(_Handler):
        def send_response(self, code: int, message: str | None = None) -> None:
            token.write_text("two")
            refuse(self, code, message)

    server.RequestHandlerClass = Replacing
    assert ask(context(User(token_file=str(token)), server.url)) == 200
    assert server.shown == ["Bearer one", "Bearer two"]
    server.knows = "Bearer three"
    assert ask(context(User(token_file=str(token)), server.url)) == 401
    assert server.shown[2:] == ["Bearer two"], "the same is not shown again"


def test_a_token_s_file_that_is_gone(server: Server, tmp_path: Path, ask: Ask) -> None:
    with pytest.raises(Refused, match=f"no token can be read from {tmp_path}/gone: No such file"):
        ask(context(User(token_file=str(tmp_path / "gone")), server.url))
    assert server.asked == []


def test_a_plugin_is_asked_again_once(server: Server, tmp_path: Path, ask: Ask) -> None:
    count = f'printf \'{{"status": {{"token": "%s"}}}}\' "$(grep -c . "{tmp_path}/calls")"'
    user = User(exec=Exec(str(program(tmp_path, count)), V1))
    server.knows = "Bearer 2"
    assert ask(context(user, server.url)) == 200
    assert server.shown == ["Bearer 1", "Bearer 2"]
    server.knows = "Bearer of nobody"
    assert ask(context(user, server.url)) == 401
    assert server.shown[2:] == ["Bearer 2", "Bearer 3"]
    assert calls(tmp_path) == 3


def test_a_plugin_that_fails_fails_the_request(server: Server, tmp_path: Path, ask: Ask) -> None:
    user = User(exec=Exec(str(program(tmp_path, "echo no session >&2; exit 1")), V1))
    with pytest.raises(Refused, match="ended with 1: no session"):
        ask(context(user, server.url))
    assert server.asked == []


def test_a_certificate_that_is_none_is_told(server: Server, tmp_path: Path, ask: Ask) -> None:
    said = '{"status": {"clientCertificateData": "hunter2", "clientKeyData": "hunter2"}}'
    user = User(exec=Exec(str(program(tmp_path, f"echo '{said}'")), V1))
    with pytest.raises(Refused, match="what the plugin plugin gave is no certificate") as refused:
        ask(context(user, server.url))
    assert "hunter2" not in str(refused.value)


def test_somebody_else_s_name(server: Server, ask: Ask) -> None:
    user = User(
        token="t",
        as_user="boss",
        as_uid="7",
        as_groups=("a", "b"),
        as_user_extra={"lab.example/reason %": ("late", "night")},
    )
    assert ask(context(user, server.url)) == 200
    ((_, headers),) = server.asked
    assert [one for one in headers if one[0].startswith("impersonate-")] == [
        ("impersonate-user", "boss"),
        ("impersonate-uid", "7"),
        ("impersonate-group", "a"),
        ("impersonate-group", "b"),
        ("impersonate-extra-lab.example%2freason%20%25", "late"),
        ("impersonate-extra-lab.example%2freason%20%25", "night"),
    ]


def test_groups_of_nobody(server: Server, ask: Ask) -> None:
    with pytest.raises(Refused, match='has "as-groups" or the like, without "as"'):
        ask(context(User(token="t", as_groups=("a",)), server.url))


def test_a_server_below_a_path(server: Server, ask: Ask) -> None:
    """As Rancher has them."""
    assert ask(context(User(token="t"), f"{server.url}/k8s/clusters/c-1")) == 200
    ((path, headers),) = server.asked
    assert path == "/k8s/clusters/c-1/version"
    assert dict(headers)["user-agent"] == f"rankzero/{__version__}"


def test_the_way_into_a_pod_begins_below_the_path_too(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kubeconfig(tmp_path / "config", "lab", f"{server.url}/k8s/clusters/c-1")
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(Refused, match=r"does not answer .* as a WebSocket"):
        Cluster().execute("a-pod", "rank", ["true"])
    ((path_asked, headers),) = server.asked
    assert path_asked.startswith("/k8s/clusters/c-1/api/v1/namespaces/default/pods/a-pod/exec?")
    assert dict(headers)["authorization"] == "Bearer t"


def test_the_environment_s_proxy_counts_for_other_machines_only(
    server: Server, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(context(server="http://api.lab.example:8080")) == 200
    assert server.asked.pop()[0] == "http://api.lab.example:8080/version"
    assert ask(context(server=server.url)) == 200
    assert server.asked.pop()[0] == "/version"
    assert Access(context(server="http://api.lab.example")).way.endswith(f" through {server.url}")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"certificate_authority": "/no/such/file"}, "(/no/such/file) in the kubeconfig cannot be"),
        ({"certificate_authority": "/"}, "Is a directory"),
        ({"certificate_authority_data": "=="}, "(certificate-authority-data) in the kubeconfig"),
        ({"certificate_authority_data": "UEVN"}, "certificate authority"),
        (
            {"certificate_authority_data": "UEVN", "insecure_skip_tls_verify": True},
            "Take one of them out of the kubeconfig.",
        ),
    ],
)
def test_an_authority_that_is_none(more: dict[str, str], words: str, ask: Ask) -> None:
    with pytest.raises(Refused) as refused:
        ask(context(User(token="t"), **more))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "user",
    [
        User(client_certificate="/no/such.crt", client_key="/no/such.key"),
        User(client_certificate_data="UEVN", client_key_data="UEVN"),
        User(client_certificate_data="UEVN"),
        User(client_certificate_data="/"),
    ],
)
def test_a_client_certificate_that_is_none(user: User, ask: Ask) -> None:
    with pytest.raises(Refused, match=r"the client certificate .* in the kubeconfig cannot"):
        ask(context(user))


def test_a_way_that_there_is_no_more(ask: Ask) -> None:
    with pytest.raises(Refused, match='the auth-provider "gcp"; such ones were given up'):
        ask(context(User(auth_provider=AuthProvider("gcp", {"access-token": "hunter2"}))))


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        (User(token="t"), "the token in the kubeconfig"),
        (User(token_file="/run/token"), "the token in /run/token"),
        (User(username="me"), "the password in the kubeconfig"),
        (User(client_certificate="/me.crt"), "the client certificate /me.crt"),
        (User(client_certificate_data="x"), "the client certificate in the kubeconfig"),
        (User(exec=Exec("/opt/bin/aws", V1)), "what the plugin aws gave"),
        (User(), "nothing: the kubeconfig's user has neither token nor certificate"),
    ],
)
def test_what_was_shown_is_told_in_words(user: User, shown: str) -> None:
    assert Access(context(user)).shown == shown
