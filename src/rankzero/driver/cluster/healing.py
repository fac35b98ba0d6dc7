"""Pods of parts that a dead machine holds: taken from it, so that their Jobs replace them.

What a machine has done to its pods is `agent.healing.judging`'s to tell. Here nobody hears the
agents: so a pod is taken only once the cluster has given its machine up, and the time that a
kubelet has to end it is over. What lives there all the same is fenced by what takes its place.
"""

from typing import Callable, Dict, Optional

from rankzero.agent import api
from rankzero.agent.healing import pods
from rankzero.agent.healing.judging import judge, unasked
from rankzero.driver.cluster.objects import Object, Patient

#: Until a refusal is tried again: an account may be given the right meanwhile (seconds).
_DENIED = 60.0


class Healing:
    """tell: with what was done, or cannot be. part: what the part is called that a run is."""

    def __init__(
        self, objects: Patient, part: Callable[[str], str], tell: Callable[[str], None]
    ) -> None:
        self._objects, self._part, self._tell = objects, part, tell
        self._leaving: Dict[str, Object] = {}
        self._not_before = 0.0

    def pod(self, pod: Object) -> None:
        """A pod as it is now."""
        if pods.given_up(pod):
            self._leaving[pods.uid(pod)] = pod

    def gone(self, thing: Object) -> None:
        self._leaving.pop(pods.uid(thing), None)

    def look(self, now: float) -> Optional[float]:
        """Take what is certain to be lost; when to look again, or None."""
        verdicts = judge(self._leaving.values(), now)
        if now >= self._not_before:
            for one in unasked(verdicts):
                self._take(self._leaving[pods.uid(one.pod)], now)
        left = [one for one in verdicts if pods.uid(one.pod) in self._leaving]
        moments = [max(one.when, self._not_before) for one in left if one.when is not None]
        return min(moments, default=None)

    def _take(self, pod: Object, now: float) -> None:
        run = pod["metadata"]["labels"][pods.RUN]
        held, machine = "%s of %s" % (pods.node(pod), self._part(run)), pods.machine(pod)
        try:
            taken = self._objects.release(pod)
        except (api.Denied, api.Invalid) as error:
            self._not_before = now + _DENIED
            said = "machine %s is dead, and %s cannot be taken from it: %s. Who may: %s %s"
            self._tell(said % (machine, held, error, "rankzero recover", run))
            return
        self.gone(pod)
        if taken:
            self._tell("machine %s is dead: took %s from it, to start elsewhere" % (machine, held))
