"""What a run waits for that is not complete, from what its watches and its agents tell."""

from __future__ import annotations

from collections.abc import Collection

from rankzero.backends.kubernetes import looking, reading
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.observing import Observed
from rankzero.why.seen import Seen
from rankzero.why.standing import Standing, standing

#: A pod that runs without its agent for longer is asked what keeps it, so often (seconds).
_UNHEARD, _ASK_AGAIN = 8.0, 15.0


class Awaiting:
    """One run's, as long as `live` watches it."""

    def __init__(self, cluster: Cluster, live: Observed, nodes: list[str]) -> None:
        self._cluster, self._live, self._nodes = cluster, live, nodes
        self._version, self._seen = -1, Seen()
        self._healer = "" if live.found is None else looking.healer(live.found)
        self._heard: Seen | None = None
        self._asked = self._looked = 0.0
        self._ending = False

    def standing(self, here: Collection[str] | None, now: float) -> Standing | None:
        """None where the run is gone. here: nodes whose agents have joined, None where there is no
        coordinator to ask. now: seconds since the epoch."""
        found = self._live.found
        if found is None:
            return None
        self._live.hear()
        seen = self._gathered()._replace(run=found.run, healer=self._healer)
        if now > self._looked + _ASK_AGAIN:
            self._looked, self._ending = now, looking.ending(self._cluster, seen)
        seen = seen._replace(ending=self._ending)
        if here is not None:
            seen = self._with_words(seen, here, now)
        return standing(found.run, found.created, self._nodes, seen, here)

    def _gathered(self) -> Seen:
        """What the watches tell, read once a change."""
        version = self._live.version
        if version != self._version:
            heard = reading.events(self._live.events)
            live = self._live
            self._seen = looking.gather(live.pods, live.jobs, heard, live.unread)
            self._version = version
        return self._seen

    def _with_words(self, seen: Seen, here: Collection[str], now: float) -> Seen:
        """With what agents say that should have joined by now; asked for now and then."""
        late = any(
            pod.running and pod.node not in here and now > (pod.began or now) + _UNHEARD
            for pod in seen.newest().values()
        )
        if not late:
            return seen
        if now > self._asked + _ASK_AGAIN:
            self._asked = now
            self._heard = looking.listen(self._cluster, seen, here)
        known = {pod.name: pod.told for pod in self._heard.pods} if self._heard else {}
        pods = (pod._replace(told=known.get(pod.name)) for pod in seen.pods)
        return seen._replace(pods=tuple(pods))
