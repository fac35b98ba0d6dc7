"""What tests ask of an API server all the time, without a program's start for each question.

kubectl takes a fifth of a second of processor each time, and lets the server tell all that it knows
before an `apply`: on two cores, a third of what all tests cost. So the plain forms of `get`,
`apply` and `delete` go over one connection here; all else, and all users that need a plugin, are
kubectl's.
"""

from __future__ import annotations

import atexit
import base64
import functools
import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import yaml

from .shell import LabError

Object = dict[str, Any]
_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_SECONDS = 60.0


class Exists(LabError):
    """There is one of this name already."""


class Resource(NamedTuple):
    """One that the server has. called: as kubectl prints it before a name."""

    path: str
    plural: str
    called: str
    namespaced: bool

    def of(self, namespace: str, name: str = "") -> str:
        within = f"/namespaces/{namespace or 'default'}" if self.namespaced else ""
        return f"{self.path}{within}/{self.plural}" + (f"/{name}" if name else "")


class Asked(NamedTuple):
    """What the plain form of a command asks for. names: none means all that are selected."""

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    options: dict[str, str]


_VALUES = {"-l": "selector", "--field-selector": "fields", "-o": "output"}
_FLAGS = {
    **dict.fromkeys(("-A", "--all-namespaces"), "everywhere"),
    "--wait=false": "at once",
    "--all": "all",
    "--ignore-not-found": "lenient",
    "--force": "force",
}


def plain(words: Sequence[str]) -> Asked | None:
    """Of `get` or `delete`, what stands behind it; None for a form that is kubectl's."""
    options: dict[str, str] = {}
    names: list[str] = []
    rest = iter(words)
    for word in rest:
        name, _, value = word.partition("=")
        if word in _FLAGS:
            options[_FLAGS[word]] = "yes"
        elif word in _VALUES:
            options[_VALUES[word]] = next(rest, "")
        elif name == "--grace-period" and value:
            options["grace"] = value
        elif word.startswith("-") or "/" in word:
            return None
        else:
            names.append(word)
    return Asked(tuple(names[0].split(",")), tuple(names[1:]), options) if names else None


class Server:
    """An API server, as one user."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self._resources: dict[str, Resource] = {}

    # -- kubectl's commands

    def get(self, asked: Asked, namespace: str) -> Object | None:
        """An object, or a list; None where kubectl has to be asked. Errors: LabError."""
        resources = self._of_kinds(asked)
        if resources is None or (asked.names and len(asked.names) + len(resources) > 2):
            return None
        if asked.names:
            return self._call("GET", resources[0].of(namespace, asked.names[0]))
        items = [item for one in resources for item in self._listed(one, asked, namespace)]
        return {"apiVersion": "v1", "kind": "List", "items": items}

    def names(self, asked: Asked, namespace: str) -> str | None:
        """As `get -o name` prints them."""
        resources = self._of_kinds(asked)
        if resources is None or asked.names:
            return None
        lines = [
            f"{one.called}/{item['metadata']['name']}\n"
            for one in resources
            for item in self._listed(one, asked, namespace)
        ]
        return "".join(lines)

    def delete(self, asked: Asked, namespace: str) -> bool:
        """Ask for the end of these objects; False where kubectl has to. Errors: LabError."""
        one = self._resource(asked.kinds[0])
        selected = "selector" in asked.options or "all" in asked.options
        if one is None or len(asked.kinds) > 1 or bool(asked.names) == selected:
            return False
        how: Object = {"propagationPolicy": "Background"}
        if "grace" in asked.options:
            how["gracePeriodSeconds"] = int(asked.options["grace"])
        names = asked.names or [
            item["metadata"]["name"] for item in self._listed(one, asked, namespace)
        ]
        for name in names:
            lenient = selected or "lenient" in asked.options
            self._call("DELETE", one.of(namespace, name), how, missing=lenient)
        return True

    def apply(self, made: Object, namespace: str) -> bool:
        """False where kubectl has to. Errors: LabError."""
        one = self._resource(str(made["kind"]).lower())
        if one is None:
            return False
        meta = made["metadata"]
        within = str(meta.get("namespace") or namespace)
        how = {"fieldManager": "tests", "fieldValidation": "Strict"}
        try:  # who may create need not be able to change
            self._call("POST", one.of(within), made, **how)
        except Exists:
            path = one.of(within, str(meta["name"]))
            self._call("PATCH", path, made, content="apply-patch+yaml", force="true", **how)
        return True

    def token(self, account: str, namespace: str, seconds: int) -> str:
        """A new one of a ServiceAccount's. Errors: LabError."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        said = self._call("POST", path, {"spec": {"expirationSeconds": seconds}})
        return str(said["status"]["token"])

    # -- inside

    def _of_kinds(self, asked: Asked) -> list[Resource] | None:
        """None where the server does not have all of them."""
        found = [one for kind in asked.kinds if (one := self._resource(kind)) is not None]
        return found if len(found) == len(asked.kinds) else None

    def _listed(self, one: Resource, asked: Asked, namespace: str) -> list[Object]:
        path = f"{one.path}/{one.plural}" if "everywhere" in asked.options else one.of(namespace)
        query = {
            "labelSelector": asked.options.get("selector", ""),
            "fieldSelector": asked.options.get("fields", ""),
        }
        found: list[Object] = self._call("GET", path, **query)["items"]
        return found

    def _call(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        content: str = "json",
        *,
        missing: bool = False,
        **query: str,
    ) -> Object:
        asked = self._client.build_request(
            method,
            path,
            params={name: value for name, value in query.items() if value},
            content=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": f"application/{content}"},
        )
        try:
            answer = self._sent(asked)
        except httpx2.HTTPError as error:
            raise LabError(f"{method} {path}: {error!r}") from error
        said: Object = answer.json() if answer.content else {}
        if answer.is_success or (missing and answer.status_code == 404):
            return said
        kind = Exists if said.get("reason") == "AlreadyExists" else LabError
        raise kind(f"Error from server ({said.get('reason')}): {said.get('message')}")

    def _sent(self, asked: httpx2.Request) -> httpx2.Response:
        """Once more where the connection was that to a server which a test has ended."""
        try:
            return self._client.send(asked)
        except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
            return self._client.send(asked)

    def _resource(self, word: str) -> Resource | None:
        """Kinds that came later are looked for once more."""
        word = word.lower()
        if word not in self._resources:
            self._resources = dict(self._discovered())
        return self._resources.get(word)

    def _discovered(self) -> Iterator[tuple[str, Resource]]:
        seen: set[str] = set()
        for root in ("/api", "/apis"):
            answer = self._client.get(root, headers={"Accept": _DISCOVERY}).json()
            for group in answer.get("items", ()):
                name = group["metadata"].get("name", "")
                version = group["versions"][0]
                path = f"/apis/{name}/{version['version']}" if name else "/api/v1"
                for one in version.get("resources", ()):
                    made = _resource(one, name, path)
                    words = (one["resource"], one["singularResource"], *one.get("shortNames", ()))
                    for word in (*words, one["responseKind"]["kind"].lower()):
                        if word and word not in seen:
                            seen.add(word)
                            yield word, made


def _resource(one: Object, group: str, path: str) -> Resource:
    single = one["singularResource"]
    called = f"{single}.{group}" if group else single
    return Resource(path, one["resource"], called, one["scope"] == "Namespaced")


def server(kubeconfig: Path) -> Server | None:
    """As the kubeconfig's user; None where it takes more than a token or a certificate."""
    try:
        return _server(kubeconfig, kubeconfig.stat().st_mtime_ns)
    except OSError:
        return None


@functools.lru_cache(maxsize=8)
def _server(kubeconfig: Path, _written: int) -> Server | None:
    config = yaml.safe_load(kubeconfig.read_text())
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    if "certificate-authority-data" not in cluster or "proxy-url" in cluster:
        return None
    trusted = ssl.create_default_context(
        cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
    )
    headers = {}
    if "token" in user:
        headers["Authorization"] = f"Bearer {user['token']}"
    elif {"client-certificate-data", "client-key-data"} <= user.keys():
        _show(trusted, user)
    else:
        return None
    client = httpx2.Client(
        base_url=cluster["server"],
        verify=trusted,
        headers=headers,
        timeout=_SECONDS,
        trust_env=False,
        # The API server may have been restarted by a test.
        limits=httpx2.Limits(keepalive_expiry=5.0),
    )
    atexit.register(client.close)
    return Server(client)


def _show(trusted: ssl.SSLContext, user: Object) -> None:
    """The module takes a certificate from a file alone."""
    with tempfile.NamedTemporaryFile() as file:
        for key in ("client-certificate-data", "client-key-data"):
            file.write(base64.b64decode(user[key]) + b"\n")
        file.flush()
        trusted.load_cert_chain(os.fspath(file.name))


def _named(every: list[Object], name: str) -> Object:
    return next(one for one in every if one["name"] == name)
