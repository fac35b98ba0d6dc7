"""Where a driver that is no pod of the cluster says that it is there.

Its pipeline has a first Job as any has, which owns all the rest, but no pod ever comes of it: it
is suspended until the pipeline is over. Its annotation names the driver, for those who look; who
may write is the ledger's to say.
"""

import contextlib

from rankzero.agent import api
from rankzero.driver.cluster import jobs, words
from rankzero.driver.cluster.objects import Object, Patient


class Seat:
    """job: the pipeline's first. me: as in its ledger."""

    def __init__(self, objects: Patient, job: Object, me: str) -> None:
        self._objects, self._job, self._me = objects, job, me

    def take(self) -> None:
        note = {"metadata": {"annotations": {words.CLIENT: self._me}}}
        self._objects.change("Job", self._name, note)

    def taken(self, job: Object) -> bool:
        """Whether another driver has said that it is there, or that it has left. job: the first
        one, as it is now."""
        return bool(job["metadata"]["annotations"].get(words.CLIENT) != self._me)

    def leave(self) -> None:
        """Nobody drives it any more, unless somebody else does by now. Errors: api.Denied."""
        path = "/metadata/annotations/" + words.CLIENT.replace("/", "~1")
        steps = [
            {"op": "test", "path": path, "value": self._me},
            {"op": "replace", "path": path, "value": ""},
        ]
        with contextlib.suppress(api.Absent, api.Invalid):
            self._objects.amend("Job", self._name, steps)

    def end(self) -> None:
        """The pipeline is over: its Job ends, and goes with all that it owns when its time to live
        is over."""
        with contextlib.suppress(api.Absent):
            self._objects.change("Job", self._name, {"spec": jobs.ended(self._job)})

    @property
    def _name(self) -> str:
        return str(self._job["metadata"]["name"])
