"""A service that is named is found wherever it was sent to from here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rankzero.backends.kubernetes import known
from rankzero.backends.kubernetes.remembered import remember
from rankzero.backends.kubernetes.services.finding import find
from rankzero.backends.places import ANYWHERE, KUBERNETES, Place, Where
from rankzero.backends.services.finding import having
from rankzero.errors import BadRequest, Refused
from support.kubeconfigs import kubeconfig

#: namespace -> the services in it; one that is missing may not be looked into.
HAVING = {"mine": {"web", "page"}, "team": {"web", "api"}, "other": {"api", "sad"}}


class _Handler(BaseHTTPRequestHandler):
    """Lists Deployments, as an API server does."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        namespace = asked.path.split("/")[5]
        label = parse_qs(asked.query)["labelSelector"][0]
        names = HAVING.get(namespace, set())
        if "=" in label:
            names = names & {label.partition("=")[2]}
        items = [{"metadata": {"name": name}} for name in sorted(names)]
        body = json.dumps({"items": items, "metadata": {"resourceVersion": "1"}}).encode()
        self.send_response(200 if namespace in HAVING else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cluster with the context `lab`, and things sent to three of its namespaces."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = kubeconfig(tmp_path / "config", "lab", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for namespace in ("other", "team", "mine"):
        remember("lab", namespace)
    yield
    server.shutdown()
    server.server_close()


def found(name: str, namespace: str = "mine") -> str:
    cluster = find(name, known(Place(KUBERNETES, "lab", namespace)), ANYWHERE)
    return f"{cluster.namespace}: {cluster.called(name)}"


def test_the_default_place_counts_more_than_all_others() -> None:
    assert found("web") == "mine: web"


def test_what_is_elsewhere_is_found_and_called_by_its_place() -> None:
    assert found("sad") == "other: sad --context lab --namespace other"


def test_a_place_that_is_named_is_asked_alone_and_named_again() -> None:
    assert having("sad", Where(namespace="team")).called("sad") == "sad --namespace team"


def test_one_name_in_two_places_is_told_with_what_to_type() -> None:
    with pytest.raises(BadRequest, match='"api" could be 2 services') as raised:
        found("api")

    for namespace in ("team", "other"):
        assert f"api --context lab --namespace {namespace}" in raised.value.hint


def test_what_is_nowhere_is_told_with_the_near_name() -> None:
    with pytest.raises(BadRequest, match=r'no service "pagee" in lab/mine, nor anywhere.*"page"'):
        found("pagee")


def test_who_may_not_look_into_the_default_place_finds_what_is_elsewhere() -> None:
    assert found("sad", "closed").startswith("other: ")
    with pytest.raises(Refused):
        found("nothing", "closed")


def test_a_place_that_does_not_answer_is_told() -> None:
    remember("lab", "closed")

    with pytest.raises(BadRequest, match="from here; no answer of lab/closed"):
        found("nothing")


def test_what_can_be_no_name_is_told() -> None:
    with pytest.raises(BadRequest, match='"A b" is no name of a service'):
        found("A b")
