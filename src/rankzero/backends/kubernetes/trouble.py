"""What a cluster refuses, in the user's words: what, where, why, and what to do next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rankzero.agent.worded import in_words
from rankzero.errors import Refused

if TYPE_CHECKING:
    import httpx2

    from rankzero.backends.kubernetes.cluster import Cluster

_VERBS = {"GET": "read", "POST": "create", "PATCH": "change", "DELETE": "delete"}


#: What the server, or a proxy before it, answers while it starts, ends or has too much to do.
_BUSY = (408, 429, 500, 502, 503, 504)


class Absent(Refused):
    """There is no such object, or it has nothing to show yet."""


class Taken(Refused):
    """An object of this name is there already, or it is another one by now than was meant."""


class Conflict(Taken):
    """Something else was changed at the same time: another try may do."""


class Unreachable(Refused):
    """The API server does not answer, or is too busy: later it may."""


class Rejected(Refused):
    """The API server makes nothing of it, as it stands there now."""


class Forbidden(Refused):
    """This user is not known, or may not do it. A server that has just started says so, too,
    until it has read who may do what."""


class Gone(Exception):
    """A watch cannot go on from this version: list again."""


@contextlib.contextmanager
def told(cluster: Cluster, method: str, path: str) -> Iterator[None]:
    """Let errors of the way to the cluster come as `Refused`."""
    import httpx2

    try:
        yield
    except httpx2.TimeoutException as error:
        silent = isinstance(error, httpx2.ConnectTimeout)
        what = "cannot be reached" if silent else "does not answer"
        raise Unreachable(
            f"{_server(cluster)} {what} ({method} {path})", "Is it reachable from here?"
        ) from error
    except httpx2.ProxyError as error:
        raise Unreachable(
            f"the proxy on the way to {_server(cluster)} refuses: {in_words(error)}",
            "proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY say which one there is.",
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _unreachable(cluster, error) from error


def _unreachable(cluster: Cluster, error: Exception) -> Refused:
    what = in_words(error)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Refused(
            f"the certificate of {_server(cluster)} is not trusted: {what}",
            "The certificate authority in the kubeconfig must be this cluster's.",
        )
    return Unreachable(f"cannot reach {_server(cluster)}: {what}", "Try: kubectl cluster-info")


def _server(cluster: Cluster) -> str:
    return f"{cluster.context} ({cluster.access.way})"


def check(cluster: Cluster, answer: httpx2.Response) -> None:
    """Errors: Refused, as one of the kinds above, or Gone, where the API server refused."""
    if answer.is_success:
        return
    answer.read()
    said = _message(answer)
    code = answer.status_code
    method, path = answer.request.method, answer.request.url.path
    if code == 404 and "namespaces" in said:
        raise Refused(
            f'{cluster.context} has no namespace "{cluster.namespace}".', "Name one: --namespace"
        )
    if code == 403 and "being terminated" in said:
        raise Refused(
            f'the namespace "{cluster.namespace}" of {cluster.context} is being deleted.',
            "Name another one: --namespace",
        )
    # 400: its container has not begun, or never will.
    if code == 404 or (code == 400 and path.endswith("/log")):
        raise Absent(f"{cluster.context}: {said}")
    if code == 409 or (code == 422 and "metadata.uid" in said):
        again = code == 409 and _reason(answer) == "Conflict" and "recondition" not in said
        raise (Conflict if again else Taken)(f"{cluster.context}: {said}")
    if code == 410:
        raise Gone(said)
    if code == 401:
        raise Forbidden(
            f"{cluster.context} does not know you: {said}",
            f"It was shown {cluster.access.shown}. Log in again, then: kubectl auth whoami",
        )
    if code == 403:
        verb = _VERBS.get(method, method)
        if "/namespaces/" not in path:
            raise Forbidden(
                f"may not {verb} in the whole of {cluster.context}: {said}",
                "It takes a ClusterRole, which an administrator can give",
            )
        raise Forbidden(
            f"may not {verb} in namespace {cluster.namespace} of {cluster.context}: {said}",
            "An administrator can give the right; the Role to ask for: rankzero doctor --rbac",
        )
    kind = Unreachable if code in _BUSY else Rejected
    raise kind(f"{cluster.context} refused {method} {path}: {said}")


def watch_error(cluster: Cluster, status: Mapping[str, Any]) -> Exception:
    """What a watch says in place of a change."""
    said = str(status.get("message", status.get("reason", "an error")))
    if status.get("code") == 410:
        return Gone(said)
    return Unreachable(f"{cluster.context} ended a watch: {said}")


def unreadable(cluster: Cluster, answer: httpx2.Response, why: object) -> Refused:
    """An answer that is none of the API's: somebody on the way gave it."""
    return Refused(
        f"{cluster.context} answers {answer.request.method} {answer.request.url.path} "
        f"with something that is no object of Kubernetes: {why}",
        "Is there a proxy on the way that wants a log-in? See: kubectl get --raw /version",
    )


def _message(answer: httpx2.Response) -> str:
    return _said(answer, "message") or f"{answer.status_code} {answer.reason_phrase}"


def _reason(answer: httpx2.Response) -> str:
    """In a word."""
    return _said(answer, "reason")


def _said(answer: httpx2.Response, key: str) -> str:
    try:
        return str(answer.json()[key])
    except (ValueError, KeyError, TypeError):
        return ""
