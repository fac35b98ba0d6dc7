"""A version of a service, watched until it serves, or until it is plain that it does not."""

from __future__ import annotations

import time
from collections.abc import Generator

from rankzero.backends.kubernetes import reading
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.looking import Asker
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.services import looking
from rankzero.backends.kubernetes.services import reading as read
from rankzero.backends.services.model import Outcome, Service
from rankzero.errors import Refused
from rankzero.plan.kubernetes import names
from rankzero.why.seen import Seen
from rankzero.why.standing import Place

KINDS = ("Deployment", "ReplicaSet", "Pod")
#: So often what explains a pod that waits is read again (seconds).
_AGAIN = 15.0
#: How often the time is looked at while nothing changes (seconds).
_STEP = 1.0


class Following:
    """One who watches a service, for the length of a `with`. Errors on entering: Refused."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster, self._name = cluster, name
        self._live = Observed(cluster, name, names.SERVICE, KINDS)
        self._asked, self._seen = 0.0, Seen(run=cluster.called(name))

    def __enter__(self) -> Following:
        self._live.__enter__()
        self._live.hear()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__()

    @property
    def version(self) -> int:
        """Counts the changes."""
        return self._live.version

    def wait(self, version: int) -> None:
        """Until something has changed, or a moment is over. Errors: Refused."""
        self._live.wait(version, _STEP)

    @property
    def there(self) -> bool:
        """Whether there is such a service."""
        return bool(self._live.all("Deployment"))

    def ready(self) -> list[str]:
        """The pods that requests may go to; asks nobody."""
        pods = [reading.pod(one, (), str(one["metadata"]["name"])) for one in self._live.pods]
        return sorted(one.name for one in pods if one.ready and not one.leaving)

    def now(self) -> Service:
        """As it is. Errors: Refused where it was deleted."""
        made = next(iter(self._live.all("Deployment")), None)
        if made is None:
            raise Refused(f"the service {self._name} was deleted.")
        pods, heard = self._live.pods, reading.events(self._live.events)
        things = read.Things(made, self._live.all("ReplicaSet"), pods, heard, self._explained())
        found = read.service(things, f"{self._cluster.context}/{self._cluster.namespace}")
        return found._replace(again=self._cluster.again)

    def until_ready(self, generation: int, wait: float) -> Generator[Service, None, Outcome]:
        """Whatever changes, and how it ended. generation: of the Deployment, as it was changed
        last; what it was before is nobody's business. wait: for how long (seconds)."""
        end, since = time.monotonic() + wait, time.time()
        while True:
            version = self.version
            found = self.now()
            found = found._replace(standing=found.standing._replace(since=since))
            yield found
            if found.done and self._generation() >= generation:
                return Outcome(True, found)
            worst = _worst(found)
            if worst is not None and worst.trouble is not None and worst.trouble.hopeless:
                return Outcome(False, found, worst)
            if time.monotonic() > end:
                return Outcome(False, found, worst, late=True)
            self.wait(version)

    def _generation(self) -> int:
        return max(int(one["metadata"]["generation"]) for one in self._live.all("Deployment"))

    def _explained(self) -> Seen:
        """What lies beyond the pods: machines, claims; read now and then while they wait."""
        now = time.monotonic()
        if now > self._asked + _AGAIN:
            self._asked = now
            pods, heard = self._live.pods, reading.events(self._live.events)
            asker = Asker(self._cluster)
            called, namespace = self._cluster.called(self._name), self._cluster.namespace
            self._seen = looking.explained(asker, pods, heard, called, namespace)
        return self._seen


def _worst(found: Service) -> Place | None:
    """Of the pods that are not ready, one of which it is known why."""
    waiting = found.standing.waiting
    known = [one for one in waiting if one.trouble is not None]
    hopeless = [one for one in known if one.trouble is not None and one.trouble.hopeless]
    return next(iter([*hopeless, *known, *waiting]), None)
