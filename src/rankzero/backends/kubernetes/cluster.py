"""A cluster's API, as plain JSON: requests, watches and streams, with this user's rights.

Plain, because most of a pod is of no interest here. How one gets in is `access`'s.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.backends.kubernetes import kubeconfig, trouble
from rankzero.backends.kubernetes.access import Access
from rankzero.errors import Refused
from rankzero.plan.kubernetes.kinds import KINDS, Kind

if TYPE_CHECKING:
    import httpx2

    from rankzero.backends.kubernetes.access.model import Context, User
    from rankzero.backends.kubernetes.channels import Channels

Object = dict[str, Any]
#: How long the API server may take to answer, and to be reached at all (seconds).
_PATIENCE, _REACHED = 30.0, 8.0
#: How long one watch lasts (seconds): another one goes on from where it ended.
_WATCH = 240
#: Kinds that are looked at and never made.
_KINDS = {
    **KINDS,
    "Event": Kind("", "v1", "events"),
    "ReplicaSet": Kind("apps", "v1", "replicasets"),
    "EndpointSlice": Kind("discovery.k8s.io", "v1", "endpointslices"),
}
_OF_THE_CLUSTER = {"Node": Kind("", "v1", "nodes")}
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
#: `299 - "text"`: RFC 7234, section 5.5, as Kubernetes writes it.
_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


class Reply(NamedTuple):
    """An answer of the API server as it is. code: the HTTP status; warnings: what it adds for
    people."""

    code: int
    body: Object
    warnings: tuple[str, ...]


class Cluster:
    """One context of the kubeconfig. Every method raises `Refused` in the user's words.

    again: the options with which a command comes here once more, ` --namespace team`; empty where
    it needs none."""

    def __init__(
        self, context: str | None = None, namespace: str | None = None, again: str = ""
    ) -> None:
        self._context, self._namespace, self.again = context, namespace, again

    def called(self, name: str) -> str:
        """What stands here under a name, as a command that is typed has to call it."""
        return name + self.again

    @cached_property
    def _chosen(self) -> Context:
        return kubeconfig.chosen(self._context)

    @property
    def context(self) -> str:
        return self._chosen.name

    @property
    def namespace(self) -> str:
        return self._namespace or self._chosen.namespace

    @property
    def server(self) -> str:
        """Its API server's address."""
        return self._chosen.server.server

    @property
    def user(self) -> User:
        """Who comes here, as the kubeconfig has it, with what proves it."""
        return self._chosen.user

    @cached_property
    def access(self) -> Access:
        """The way in, and what proves there who the user is."""
        return Access(self._chosen)

    @cached_property
    def _client(self) -> httpx2.Client:
        import httpx2

        return self.access.client(httpx2.Timeout(_PATIENCE, connect=_REACHED))

    def path(self, kind: str, name: str = "") -> str:
        if kind in _OF_THE_CLUSTER:
            return _OF_THE_CLUSTER[kind].path("", name)
        return _KINDS[kind].path(self.namespace, name)

    # -- objects

    def create(self, made: Mapping[str, Any]) -> Object:
        return self._call("POST", self.path(made["kind"]), body=made)

    def every(
        self,
        kind: str,
        selector: str = "",
        shape: type | None = None,
        *,
        fields: str = "",
        everywhere: bool = False,
    ) -> Object:
        """All of a kind that the labels and fields select: `items`, and
        `metadata.resourceVersion`.

        shape: one of `shapes`, where there may be thousands: only its fields are read.
        everywhere: of all namespaces, or what is in none.
        """
        path = {**_KINDS, **_OF_THE_CLUSTER}[kind].path("") if everywhere else self.path(kind)
        answer = self._ask("GET", path, labelSelector=selector, fieldSelector=fields)
        return self._listed(answer, shape)

    def one(self, kind: str, name: str) -> Object:
        """Errors: also trouble.Absent."""
        return self._call("GET", self.path(kind, name))

    def get(self, path: str) -> Object:
        """What lies at a path, whatever it is. Errors: also trouble.Absent."""
        return self._read(self._ask("GET", path))

    def headers(self, path: str) -> Mapping[str, str]:
        """Of the answer to who asks for a path. Errors: also trouble.Absent."""
        return self._ask("GET", path).headers

    def patch(
        self, kind: str, name: str, change: Mapping[str, Any], *, strategic: bool = False
    ) -> Object:
        """A JSON merge patch (RFC 7386), or Kubernetes' own, which knows single items of lists."""
        how = "strategic-merge-patch" if strategic else "merge-patch"
        path = self.path(kind, name)
        return self._read(self._ask("PATCH", path, change, content=f"{how}+json"))

    def replace(
        self, kind: str, name: str, parts: Mapping[Sequence[str], object], version: str
    ) -> Object:
        """Put whole parts of an object into the place of those that are there (a JSON patch, RFC
        6902). parts: by the way to each. version: the one that the change was made from.

        Errors: also trouble.Taken, where it has changed since.
        """
        parts = {**parts, ("metadata", "resourceVersion"): version}
        change = [
            {"op": "add", "path": "".join(map(_step, way)), "value": value}
            for way, value in parts.items()
        ]
        return self.amend(kind, name, change)

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        """A JSON patch (RFC 6902), which is done as a whole or not at all. Errors: also
        trouble.Absent, and trouble.Rejected where a test in it fails."""
        path = self.path(kind, name)
        return self._read(self._ask("PATCH", path, steps, content="json-patch+json"))

    def changes(
        self, kind: str, selector: str, since: str, shape: type
    ) -> Iterator[tuple[str, Object]]:
        """As `follow`, for a thread, and without bookmarks."""
        path, query = self.path(kind), _watch(selector, since)
        with (
            trouble.told(self, "GET", path),
            self._client.stream("GET", path, params=query, timeout=_watching()) as answer,
        ):
            trouble.check(self, answer)
            for line in answer.iter_lines():
                yield self._change(line, shape)

    def delete(
        self, kind: str, name: str, *, uid: str | None = None, grace: int | None = None
    ) -> None:
        """Remove it, and what it owns; nothing where there is none, or, with a uid, another one.
        grace: how long it may take to end, where not as long as it asks for (seconds)."""
        how: dict[str, Any] = {"propagationPolicy": "Background"}
        if uid is not None:
            how["preconditions"] = {"uid": uid}
        if grace is not None:
            how["gracePeriodSeconds"] = grace
        with contextlib.suppress(trouble.Absent, *([trouble.Taken] if uid is not None else [])):
            self._call("DELETE", self.path(kind, name), body=how)

    def reply(
        self, path: str, query: Mapping[str, str], body: str = "", *, metadata: bool
    ) -> Reply:
        """Read, or post a body, and take every answer but "who are you?" as one. metadata: of an
        object without its content."""
        method = "POST" if body else "GET"
        headers = {"Accept": _METADATA if metadata else "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        with trouble.told(self, method, path):
            answer = self._client.request(
                method, path, params=dict(query), content=body.encode() or None, headers=headers
            )
        if answer.status_code == 401:
            trouble.check(self, answer)
        document = _document(answer)
        if answer.is_success and "kind" not in document:
            raise trouble.unreadable(self, answer, "it has no kind")
        return Reply(answer.status_code, document, tuple(_warnings(answer)))

    # -- objects, for an event loop

    def client(self) -> httpx2.AsyncClient:
        """One that its event loop alone uses, for the methods below: close it. What a server says
        in place of a WebSocket has been read when the error is raised."""
        import httpx2

        async def read(answer: httpx2.Response) -> None:
            if answer.is_error:
                await answer.aread()

        made = self.access.async_client(httpx2.Timeout(_PATIENCE, connect=_REACHED))
        made.event_hooks = {"response": [read]}
        return made

    async def ask(
        self, client: httpx2.AsyncClient, kind: str, selector: str, shape: type | None = None
    ) -> Object:
        """As `every`."""
        path = self.path(kind)
        with trouble.told(self, "GET", path):
            answer = await client.get(path, params={"labelSelector": selector})
            trouble.check(self, answer)
            return self._listed(answer, shape)

    async def follow(
        self,
        client: httpx2.AsyncClient,
        kind: str,
        selector: str,
        since: str,
        shape: type,
    ) -> AsyncGenerator[tuple[str, Object], None]:
        """(`ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`; object) from a resource version on, until
        the server ends the stream. shape: of an object. Errors: trouble.Gone where the version is
        too old, trouble.Unreachable."""
        path = self.path(kind)
        query = {**_watch(selector, since), "allowWatchBookmarks": "true"}
        with trouble.told(self, "GET", path):
            async with client.stream("GET", path, params=query, timeout=_watching()) as answer:
                trouble.check(self, answer)
                async for line in answer.aiter_lines():
                    yield self._change(line, shape)

    # -- pods

    def log(self, pod: str, patience: float = _PATIENCE, **query: str) -> Iterator[bytes]:
        """A pod's log, by blocks. patience: how long its machine may say nothing (seconds).

        Errors: also trouble.Absent where it has none, trouble.Unreachable."""
        import httpx2

        path = f"{self.path('Pod', pod)}/log"
        timeout = httpx2.Timeout(patience, connect=min(patience, _REACHED))
        with (
            trouble.told(self, "GET", path),
            self._client.stream("GET", path, params=query, timeout=timeout) as answer,
        ):
            trouble.check(self, answer)
            yield from answer.iter_bytes()

    def execute(
        self, pod: str, container: str, command: Sequence[str], *, slow: bool = False, **more: str
    ) -> Channels:
        """Start a command in a pod, with its streams at hand. slow: see Channels. more: `tty`, and
        other words of the API. Errors: also trouble.Absent where there is no such pod."""
        from httpx2.websockets import WebSocketUpgradeError

        from rankzero.backends.kubernetes.channels import Channels

        query: dict[str, str | list[str]] = {"command": list(command), "container": container}
        query.update(dict.fromkeys(("stdin", "stdout", "stderr"), "true"))
        query.update(more)
        path = f"{self.path('Pod', pod)}/exec"
        try:
            with trouble.told(self, "GET", path):
                return Channels(self.client, path, query, slow=slow)
        except WebSocketUpgradeError as error:
            trouble.check(self, error.response)
            raise Refused(f"{self.context} does not answer {path} as a WebSocket") from error

    # -- inside

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str
    ) -> Object:
        answer = self._ask(method, path, body, **query)
        found = self._read(answer)
        if "kind" not in found:
            raise trouble.unreadable(self, answer, "it has no kind")
        return found

    def _listed(self, answer: httpx2.Response, shape: type | None) -> Object:
        found = self._read(answer, shape)
        if "items" not in found or "metadata" not in found:
            raise trouble.unreadable(self, answer, "it is no list")
        return found

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        content: str = "json",
        **query: str,
    ) -> httpx2.Response:
        with trouble.told(self, method, path):
            answer = self._client.request(
                method,
                path,
                params={key: value for key, value in query.items() if value},
                content=None if body is None else json.dumps(body).encode(),
                headers={} if body is None else {"Content-Type": f"application/{content}"},
            )
            trouble.check(self, answer)
            return answer

    def _change(self, line: str, shape: type) -> tuple[str, Object]:
        """Of what a watch tells. In place of the object an error has a Status, which is none."""
        import msgspec

        try:
            said = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            change = msgspec.json.decode(said["type"], type=str)
            if change != "ERROR":
                return change, msgspec.json.decode(said["object"], type=shape)
            status = msgspec.json.decode(said["object"], type=Object)
        except (msgspec.DecodeError, KeyError) as error:
            text = f"{self.context} ends a watch in the middle of a change: {error}"
            raise trouble.Unreachable(text) from error
        raise trouble.watch_error(self, status)

    def _read(self, answer: httpx2.Response, shape: type | None = None) -> Object:
        import msgspec

        try:
            found: Object = msgspec.json.decode(answer.content, type=shape or Object)
        except msgspec.DecodeError as error:
            raise trouble.unreadable(self, answer, error) from error
        return found


def _watch(selector: str, since: str) -> dict[str, str]:
    return {
        "watch": "true",
        "labelSelector": selector,
        "resourceVersion": since,
        "timeoutSeconds": str(_WATCH),
    }


def _watching() -> httpx2.Timeout:
    """A way that swallows everything shows only by the end that the server does not make."""
    import httpx2

    return httpx2.Timeout(_PATIENCE, connect=_REACHED, read=_WATCH + _PATIENCE)


def _step(key: str) -> str:
    """A step of a way, as RFC 6901 writes it."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _document(answer: httpx2.Response) -> Object:
    """The JSON object in an answer; a proxy on the way may have sent anything else."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _warnings(answer: httpx2.Response) -> Iterator[str]:
    for header in answer.headers.get_list("warning"):
        for text in _WARNING.findall(header):
            yield re.sub(r"\\(.)", r"\1", text)
