"""A cluster's objects for a driver that is a process of this machine's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rankzero.agent import api
from rankzero.backends.kubernetes import recovering, trouble
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.driver.cluster.objects import Object, slim
from rankzero.errors import Refused


class OverKubeconfig:
    """See `driver.cluster.objects.Objects`: with this user's rights, by the kubeconfig's way in."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def create(self, made: Mapping[str, Any]) -> Object:
        with told():
            return self._cluster.create(made)

    def change(self, kind: str, name: str, change: Mapping[str, Any]) -> Object:
        with told():
            return self._cluster.patch(kind, name, change)

    def amend(self, kind: str, name: str, steps: Sequence[Mapping[str, Any]]) -> Object:
        with told():
            return self._cluster.amend(kind, name, steps)

    def every(self, kind: str, selector: str) -> tuple[list[Object], str]:
        with told():
            listed = self._cluster.every(kind, selector)
        found = [slim(kind, one) for one in listed["items"]]
        return found, str(listed["metadata"]["resourceVersion"])

    def changes(self, kind: str, selector: str, version: str) -> Iterator[tuple[str, Object]]:
        with told():
            for how, one in self._cluster.changes(kind, selector, version, dict):
                yield how, slim(kind, one)

    def release(self, pod: Object) -> bool:
        with told():
            return recovering.release(self._cluster, pod)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Let what a cluster refuses come as a driver knows it, in the same words.

    What is no answer of the API server's may pass: a network that wants a log-in shows a
    certificate of its own, and a plugin that asks for a token finds nobody there.
    """
    try:
        yield
    except trouble.Gone as error:
        raise api.Invalid(str(error)) from error
    except Refused as error:
        raise _kind(error)(error.args[0]) from error


def _kind(error: Refused) -> type[Exception]:
    if isinstance(error, trouble.Forbidden):
        return api.Denied
    if isinstance(error, trouble.Conflict):
        return api.Unanswered
    if isinstance(error, trouble.Taken):
        return api.Taken
    if isinstance(error, trouble.Absent):
        return api.Absent
    return api.Invalid if isinstance(error, trouble.Rejected) else api.Unanswered
