"""A port here that leads to a pod of a service which is ready, whichever that is at the moment."""

from __future__ import annotations

import time
from collections.abc import Callable

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.forwarding import Forwarding
from rankzero.backends.kubernetes.services.following import Following
from rankzero.backends.ports import Opened, Wanted
from rankzero.errors import Refused

#: How long the cluster may take to tell that a pod has gone (seconds).
_PATIENCE = 10.0


class ReadyPod:
    """What is forwarded to: a pod that is ready. A context manager; as long as it is open, what the
    service has is watched."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._name, self._pod, self._called = name, "", cluster.called(name)
        self._following = Following(cluster, name)

    def __enter__(self) -> ReadyPod:
        self._following.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._following.__exit__()

    @property
    def title(self) -> str:
        return self._name

    @property
    def pod(self) -> str:
        """The same one as long as it is ready. Errors: Refused where none is."""
        self.find()
        return self._pod

    def find(self) -> None:
        """Errors: Refused where no pod is ready."""
        ready = self._following.ready()
        if not ready:
            why = f"Why: rankzero serve why {self._called}"
            raise Refused(f"no pod of {self._name} is ready.", why)
        if self._pod not in ready:
            self._pod = ready[0]

    def again(self) -> None:
        """That one is gone, before anybody has told; another one is waited for. Errors: Refused."""
        end = time.monotonic() + _PATIENCE
        while (ready := self._following.ready()) and time.monotonic() < end:
            others = [one for one in ready if one != self._pod]
            if others:
                self._pod = others[0]
                return
            self._following.wait(self._following.version)

    def number(self, wanted: Wanted) -> int:
        return int(wanted.remote)

    def until_over(self) -> str:
        """Waits until there is no service any more; how that is said. Errors: Refused."""
        while self._following.there:
            self._following.wait(self._following.version)
        return f"the service {self._name} was deleted"


def forward(
    cluster: Cluster,
    name: str,
    wanted: Wanted,
    address: str,
    on_open: Callable[[Opened], None],
    note: Callable[[str], None],
) -> None:
    """Until the service is deleted. Errors: Refused where no pod is ready, or the port is taken."""
    with ReadyPod(cluster, name) as to:
        to.find()  # before a port is taken here
        Forwarding(cluster, to, on_open, note).serve([wanted], address)
