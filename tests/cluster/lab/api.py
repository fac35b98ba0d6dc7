"""The API server as the lab's own controllers see it: calls, and collections kept current."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

from .places import GATE, PKI

Object = dict[str, Any]


class Refused(Exception):
    """The API server's answer is an error; its status code is `code`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def call(method: str, path: str, body: Object | None = None) -> Object:
    """One request as the administrator. Errors: Refused; OSError where nobody answers."""
    connection = _connect(30)
    try:
        return cast("Object", json.loads(_send(connection, method, path, body).read()))
    finally:
        connection.close()


def _connect(seconds: float) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(PKI / "ca.crt"))
    context.load_cert_chain(PKI / "admin.crt", PKI / "admin.key")
    return http.client.HTTPSConnection(GATE, 6443, timeout=seconds, context=context)


def _send(
    connection: http.client.HTTPSConnection, method: str, path: str, body: Object | None = None
) -> http.client.HTTPResponse:
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": kind, "Accept": "application/json"})
    answer = connection.getresponse()
    if answer.status >= 300:
        raise Refused(answer.status, answer.read().decode(errors="replace")[:500])
    return answer


class Mirror:
    """A collection of the API server's, kept current by a thread; `changed` is set at each change.

    path is the collection's, such as /api/v1/pods. When the API server goes away, what was known
    last stays until it is back.
    """

    def __init__(self, path: str, changed: threading.Event) -> None:
        self._path, self._changed = path, changed
        self._objects: dict[str, Object] = {}
        self._lock = threading.Lock()
        self._known = threading.Event()
        threading.Thread(target=self._follow, name=path, daemon=True).start()

    def objects(self) -> list[Object]:
        """All objects of now; waits until they are known for the first time."""
        self._known.wait()
        with self._lock:
            return list(self._objects.values())

    def _follow(self) -> None:
        while True:
            try:
                listed = call("GET", self._path)
                found = {item["metadata"]["uid"]: item for item in listed["items"]}
                with self._lock:
                    self._objects = found
                self._known.set()
                self._changed.set()
                for event in _watch(self._path, listed["metadata"]["resourceVersion"]):
                    self._take(event)
            except (OSError, http.client.HTTPException, Refused, ValueError) as error:
                print(f"{self._path}: {error}; trying again", file=sys.stderr, flush=True)
                time.sleep(0.5)

    def _take(self, event: Object) -> None:
        if event["type"] == "ERROR":
            raise Refused(event["object"].get("code", 0), event["object"].get("message", ""))
        thing = event["object"]
        with self._lock:
            if event["type"] == "DELETED":
                self._objects.pop(thing["metadata"]["uid"], None)
            else:
                self._objects[thing["metadata"]["uid"]] = thing
        self._changed.set()


def _watch(path: str, version: str) -> Iterator[Object]:
    """Every change after a version, until the API server ends the stream, as it may."""
    connection = _connect(60)
    try:
        query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=45"
        for line in _send(connection, "GET", query):
            yield json.loads(line)
    finally:
        connection.close()
