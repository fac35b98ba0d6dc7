"""Whoever watches a run heals it: takes nodes from dead machines, or says who can."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rankzero.agent.healing import pods
from rankzero.agent.healing.judging import Verdict, Word, judge, unasked, word
from rankzero.backends.kubernetes import recovering, state, trouble
from rankzero.backends.kubernetes.beside import Beside
from rankzero.backends.kubernetes.observing import STARTING
from rankzero.errors import Refused
from rankzero.plan.kubernetes import access

if TYPE_CHECKING:
    from rankzero.agent.history import History
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.observing import Observed
    from rankzero.backends.kubernetes.state import Found, Object


class Healing(Beside):
    """Of one run. Nobody waits for a call of it that is under way when the watching ends."""

    def __init__(self, cluster: Cluster, live: Observed) -> None:
        super().__init__(live)
        self._cluster = cluster
        self._word = Word()
        self._settled: set[str] = set()
        self._told = ""
        self._since = live.up_since

    def learn(self, history: History) -> None:
        """What the run's coordinator says."""
        self._word = word(history)
        self._news.set()

    # -- in the thread

    def _refused(self, said: Refused) -> None:
        if said.args[0] != self._told:
            self._told = said.args[0]
            self._say(f"nodes cannot be taken from a dead machine: {said.args[0]}")

    def _look(self) -> float | None:
        """Release what is certain; how long until more may be (seconds), None for no limit.
        Errors: Refused, where it is to be tried again."""
        # Every change of every pod leads here, and hardly ever is one on its way out.
        leaving = [pod for pod in self._live.pods if "deletionTimestamp" in pod["metadata"]]
        found = self._live.found if leaving else None
        if found is None or state.ending(found) is not None:
            return None
        # A coordinator that is itself on such a machine may be gone, and its word is old.
        heard = frozenset() if _mute(found) else self._word.heard
        verdicts = self._open(leaving)
        sure = unasked(verdicts, heard)
        if verdicts and not sure and (machines := recovering.machines(self._cluster)):
            verdicts = self._open(leaving, machines)
            sure = unasked(verdicts, heard)
        for machine in dict.fromkeys(pods.machine(one.pod) for one in sure):
            here = [one.pod for one in sure if pods.machine(one.pod) == machine]
            self._free(machine, here, found)
        now = time.time()
        waits = [one.when - now for one in verdicts if one.when is not None and one.when > now]
        return max(0.1, min(waits)) if waits else None

    def _open(
        self, leaving: Iterable[Object], machines: dict[str, Object] | None = None
    ) -> list[Verdict]:
        """Those of a machine that was given up, and of which nothing was said yet."""
        verdicts = judge(leaving, time.time(), machines, self._word.silent)
        return [one for one in verdicts if one.given_up and pods.uid(one.pod) not in self._settled]

    def _free(self, machine: str, held: list[Object], found: Found) -> None:
        """Errors: Refused, where it is to be tried again."""
        taken: list[str] = []
        try:
            for pod in held:
                if recovering.release(self._cluster, pod):
                    taken.append(state.node(pod))
                self._settled.add(pods.uid(pod))
        except trouble.Forbidden:
            if self._starting:
                raise
            self._settled.update(map(pods.uid, held))
            if not _heals_itself(found):
                self._say(
                    f"machine {machine} is dead and holds {', '.join(map(state.node, held))}; to "
                    "replace what is on it takes the rights to patch and delete pods, and you "
                    f"have them not. Who has them: rankzero recover {found.run}"
                )
        finally:
            if taken:
                took = ", ".join(taken)
                self._say(f"machine {machine} is dead: took {took} from it, to start elsewhere")

    @property
    def _starting(self) -> bool:
        """A server that has just started does not know yet who may do what."""
        up = self._live.up_since
        return up > self._since and time.monotonic() - up < STARTING


def _mute(found: Found) -> bool:
    return found.pod is None or state.given_up(found.pod)


def _heals_itself(found: Found) -> bool:
    """Whether the run's coordinator does it, and can."""
    return access.heals_itself(found.plan.get("job", {})) and not _mute(found)
