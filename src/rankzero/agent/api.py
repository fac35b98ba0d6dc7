"""A cluster's API as a pod speaks it, with the standard library alone.

It speaks as the ServiceAccount whose token the pod has. That is read anew for each request, for
the kubelet replaces it long before it ends.
"""

import http.client
import json
import os
import ssl
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union
from urllib.parse import urlencode

from rankzero.agent.worded import in_words

#: How long the API server may take to answer (seconds).
PATIENCE = 30.0
#: Python names it since 3.10 (`ssl.VERIFY_X509_PARTIAL_CHAIN`), OpenSSL has had it for longer.
_PARTIAL_CHAIN = 0x80000
JSON, STRATEGIC = "application/json", "application/strategic-merge-patch+json"
#: RFC 7386 and RFC 6902.
MERGE, STEPS = "application/merge-patch+json", "application/json-patch+json"


class Unanswered(Exception):
    """The API server cannot be reached, does not answer in time, or says that it cannot now."""


class Absent(Unanswered):
    """There is no such thing, or another one has its name."""


class Taken(Absent):
    """Another one has its name."""


class Invalid(Unanswered):
    """The API server makes nothing of it, as it stands there now."""


class Denied(Exception):
    """The account may not do it, or is not known."""


A = TypeVar("A", bound="Api")
Body = Union[Mapping[str, Any], Sequence[Mapping[str, Any]]]


class Api:
    """folder: where the account's `token`, `ca.crt` and `namespace` lie. server: `host` and `port`
    as the pod's environment has them. Every method raises Unanswered and Denied."""

    def __init__(self, folder: str, server: Tuple[str, int]) -> None:
        self._folder, self._server = folder, server

    @classmethod
    def of_pod(cls: "Type[A]", folder: str, environ: Mapping[str, str]) -> "A":
        """Where the kubelet says that the API server is."""
        host = environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
        return cls(folder, (host, int(environ.get("KUBERNETES_SERVICE_PORT", "443"))))

    def read(self, name: str) -> str:
        """What the kubelet put there. Errors: Denied where it is not there."""
        try:
            with open(os.path.join(self._folder, name), encoding="ascii") as file:
                return file.read().strip()
        except OSError as error:
            raise Denied("cannot read the account's %s: %s" % (name, error.strerror)) from error

    def connect(self, patience: float) -> http.client.HTTPSConnection:
        """Errors: Denied where the cluster's certificate authority is unknown."""
        # Not ssl's default context, which since Python 3.13 wants more of an authority than
        # clusters' own have.
        trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusted.verify_flags |= _PARTIAL_CHAIN
        try:
            trusted.load_verify_locations(os.path.join(self._folder, "ca.crt"))
        except OSError as error:
            raise Denied("cannot read the cluster's ca.crt: %s" % in_words(error)) from error
        host, port = self._server
        return http.client.HTTPSConnection(host, port, timeout=patience, context=trusted)

    def call(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, str]] = None,
        body: Optional[Body] = None,
        kind: str = JSON,
    ) -> Dict[str, Any]:
        with Answer(self, method, path, query or {}, body, kind) as answer:
            return answer.whole()


class Answer:
    """One request under way: a context manager. Errors: as the Api's."""

    def __init__(
        self,
        api: Api,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Optional[Body] = None,
        kind: str = JSON,
        patience: float = PATIENCE,
    ) -> None:
        self._what = "%s %s" % (method, path)
        self._connection = api.connect(patience)
        headers = {"Authorization": "Bearer " + api.read("token"), "Accept": JSON}
        if body is not None:
            headers["Content-Type"] = kind
        data = None if body is None else json.dumps(body).encode()
        target = path + ("?" + urlencode(query) if query else "")
        try:
            self._connection.request(method, target, data, headers)
            self._answer = self._connection.getresponse()
            self._check()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unanswered("%s: %s" % (self._what, in_words(error))) from error
        except Exception:
            self._connection.close()
            raise

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def whole(self) -> Dict[str, Any]:
        try:
            found = json.loads(self._answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unanswered("%s: %s" % (self._what, in_words(error))) from error
        if not isinstance(found, dict):
            raise Unanswered("%s: something that is no object" % self._what)
        return found

    def line(self) -> bytes:
        """Wait for the next line; empty at the end."""
        try:
            return self._answer.readline()
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered("%s: %s" % (self._what, in_words(error))) from error

    def _check(self) -> None:
        code = self._answer.status
        if code < 300:
            return
        reason, message = _said(self._answer.read())
        said = "%s: %d %s" % (self._what, code, message)
        if code == 409 and reason == "AlreadyExists":
            raise Taken(said)
        if code == 409 and "recondition" in said:
            raise Absent(said)
        if code == 404 or (code == 422 and "metadata.uid" in said):
            raise Absent(said)
        if code in (401, 403):
            raise Denied(said)
        # A conflict, too, is gone when it is tried again.
        raise Unanswered(said) if code >= 500 or code in (408, 409, 429) else Invalid(said)


def _said(body: bytes) -> Tuple[str, str]:
    """(its reason in a word, what the API server says in one line of bounded length)"""
    reason = ""
    try:
        status = json.loads(body)
        said, reason = str(status["message"]), str(status.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        said = body.decode("utf-8", "replace")
    return reason, " ".join(said.split())[:300]
