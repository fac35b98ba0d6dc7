"""Why a service's number of pods does not follow its load, from what its autoscaler says. Pure."""

from __future__ import annotations

from collections.abc import Callable

from rankzero.why.blocked import Trouble

#: What the API server answers where nobody serves metrics, and where whoever should does not.
_NOBODY = "the server could not find the requested resource (get pods.metrics.k8s.io)"
_SILENT = "the server is currently unable to handle the request (get pods.metrics.k8s.io)"
#: What metrics-server has of pods that began a moment ago, or have not begun.
_NOT_YET = ("no metrics returned from resource metrics API", "did not receive metrics for")
_BY_HAND = "say how many pods: rankzero serve scale {name} N"


def trouble(name: str, message: str) -> Trouble:
    """name: what commands call the service. message: of the condition that says that it does not
    scale."""
    for look in _LOOKS:
        if found := look(name, message):
            return found
    return Trouble("not-scaling", message, "", ())


def _missing(name: str, message: str) -> Trouble | None:
    if _NOBODY not in message:
        return None
    text = "nobody knows the load of its pods: the cluster has no metrics-server"
    remedy = f"an administrator installs one; until then, {_BY_HAND.format(name=name)}"
    return Trouble("no-metrics", text, remedy, (message,))


def _silent(name: str, message: str) -> Trouble | None:
    if _SILENT not in message:
        return None
    text = "nobody knows the load of its pods: the cluster's metrics-server does not answer"
    remedy = f"an administrator looks after it; until then, {_BY_HAND.format(name=name)}"
    return Trouble("metrics-silent", text, remedy, (message,))


def _too_early(name: str, message: str) -> Trouble | None:
    if not any(words in message for words in _NOT_YET):
        return None
    text = "the load of its pods is not known yet"
    return Trouble(
        "metrics-not-yet", text, "a pod is measured some 15 s after it began", (message,)
    )


_LOOKS: tuple[Callable[[str, str], Trouble | None], ...] = (_missing, _silent, _too_early)
