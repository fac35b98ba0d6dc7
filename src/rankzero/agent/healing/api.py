"""The little of a cluster's API that a coordinator needs: see a run's pods, and release one.

It speaks as the ServiceAccount whose token the pod has. That is read anew for each request, for
the kubelet replaces it long before it ends.
"""

import http.client
import json
import os
import ssl
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple
from urllib.parse import quote, urlencode

from rankzero.agent.healing import pods
from rankzero.agent.healing.judging import untracked
from rankzero.agent.healing.pods import Object

#: How long the API server may take to answer (seconds).
_PATIENCE = 30.0
#: So many pods are held in memory at once: a whole one may have some 20 kB.
_PAGE = "100"
#: Python names it since 3.10 (`ssl.VERIFY_X509_PARTIAL_CHAIN`), OpenSSL has had it for longer.
_PARTIAL_CHAIN = 0x80000
_JSON, _STRATEGIC = "application/json", "application/strategic-merge-patch+json"


class Unanswered(Exception):
    """The API server cannot be reached, does not answer in time, or says that it cannot now."""


class Absent(Unanswered):
    """There is no such thing, or another one has its name."""


class Denied(Exception):
    """The account may not do it, or is not known."""


class Api:
    """folder: where the account's `token`, `ca.crt` and `namespace` lie. server: `host` and `port`
    as the pod's environment has them. Every method raises Unanswered and Denied."""

    def __init__(self, folder: str, server: Tuple[str, int]) -> None:
        self._folder, self._server = folder, server

    @classmethod
    def of_pod(cls, folder: str, environ: Mapping[str, str]) -> "Api":
        """Where the kubelet says that the API server is."""
        host = environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
        return cls(folder, (host, int(environ.get("KUBERNETES_SERVICE_PORT", "443"))))

    def pages(self, run: str) -> Iterator[Tuple[str, List[Object]]]:
        """All pods of a run, some at a time, with the version of their list, for `changed`."""
        query = {"labelSelector": "%s=%s" % (pods.RUN, run), "limit": _PAGE}
        while True:
            answer = self._call("GET", self._path(), query)
            about = answer["metadata"]
            yield str(about["resourceVersion"]), list(answer["items"])
            query["continue"] = about.get("continue", "")
            if not query["continue"]:
                return

    def changed(self, run: str, version: str, seconds: int) -> None:
        """Return when one of these pods changes after that version, or so many seconds are over."""
        query = {
            "labelSelector": "%s=%s" % (pods.RUN, run),
            "watch": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(max(1, seconds)),
        }
        with _Answer(self, "GET", self._path(), query, patience=seconds + _PATIENCE) as answer:
            answer.line()

    def release(self, pod: Object) -> bool:
        """Take it out of the books; False where another had done so."""
        path, uid = self._path(pods.name(pod)), pods.uid(pod)
        how = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        try:
            self._call("PATCH", path, body=untracked(pod), kind=_STRATEGIC)
            self._call("DELETE", path, body=how)
        except Absent:
            return False
        return True

    # -- inside

    def _path(self, name: str = "") -> str:
        path = "/api/v1/namespaces/%s/pods" % quote(self.read("namespace"), safe="")
        return "%s/%s" % (path, quote(name, safe="")) if name else path

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
            raise Denied("cannot read the cluster's ca.crt: %s" % error) from error
        host, port = self._server
        return http.client.HTTPSConnection(host, port, timeout=patience, context=trusted)

    def _call(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, str]] = None,
        body: Optional[Mapping[str, Any]] = None,
        kind: str = _JSON,
    ) -> Dict[str, Any]:
        with _Answer(self, method, path, query or {}, body, kind) as answer:
            return answer.whole()


class _Answer:
    """One request under way: a context manager. Errors: as the Api's."""

    def __init__(
        self,
        api: Api,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Optional[Mapping[str, Any]] = None,
        kind: str = _JSON,
        patience: float = _PATIENCE,
    ) -> None:
        self._what = "%s %s" % (method, path)
        self._connection = api.connect(patience)
        headers = {"Authorization": "Bearer " + api.read("token"), "Accept": _JSON}
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
            raise Unanswered("%s: %s" % (self._what, error or type(error).__name__)) from error
        except Exception:
            self._connection.close()
            raise

    def __enter__(self) -> "_Answer":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def whole(self) -> Dict[str, Any]:
        try:
            found = json.loads(self._answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unanswered("%s: %s" % (self._what, error)) from error
        if not isinstance(found, dict):
            raise Unanswered("%s: something that is no object" % self._what)
        return found

    def line(self) -> None:
        """Wait for the next line, or the end."""
        try:
            self._answer.readline()
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered("%s: %s" % (self._what, error)) from error

    def _check(self) -> None:
        code = self._answer.status
        if code < 300:
            return
        said = "%s: %d %s" % (self._what, code, _message(self._answer.read()))
        if code in (404, 409) or (code == 422 and "metadata.uid" in said):
            raise Absent(said)
        raise Denied(said) if code in (401, 403) else Unanswered(said)


def _message(body: bytes) -> str:
    """What the API server says, in one line of bounded length."""
    try:
        said = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        said = body.decode("utf-8", "replace")
    return " ".join(said.split())[:300]
