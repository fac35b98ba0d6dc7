"""A helper pod: made, waited for, entered, and gone afterwards."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping

from rankzero.backends.kubernetes import looking, reading
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.state import Found
from rankzero.backends.kubernetes.stream import ExecStream
from rankzero.backends.kubernetes.trouble import Absent, Forbidden
from rankzero.backends.viewer import Lost
from rankzero.code.agent_zip import agent_zip
from rankzero.errors import Refused
from rankzero.plan.kubernetes import helper, names, starting
from rankzero.plan.kubernetes.helper import Like
from rankzero.plan.kubernetes.sending import owner_of
from rankzero.why.blocked import Trouble
from rankzero.why.standing import Place, standing

#: So the API server, the kubelet and the runtimes speak of a pod whose container has ended.
_ENDED = (
    "container not found",
    "not running",
    "not created or running",
    "CONTAINER_EXITED",
)


class HelperPod:
    """Starts when somebody first dials, and again where it has ended meanwhile."""

    def __init__(
        self, cluster: Cluster, run: str, like: Like, found: Found | None, wait: float
    ) -> None:
        """found: the run, where it is there. wait: how long a start may take (seconds)."""
        self._cluster, self._run, self._like = cluster, run, like
        self._owner = None if found is None else owner_of(found.job)
        self._wait = wait
        self._job, self._pod = "", ""

    def dial(self, *words: str) -> ExecStream:
        """One of the agent's verbs in it. Errors: Refused where it does not start, or may not be
        entered; Lost where it has ended, and the next dial starts another one."""
        if not self._pod:
            self._start()
        command = starting.inside(self._like.python, [*words])
        try:
            return ExecStream(self._cluster.execute(self._pod, names.CONTAINER, command))
        except Refused as error:
            if not _ended(error):
                raise
            self.close()
            raise Lost(str(error.args[0])) from error

    def close(self) -> None:
        """Remove it."""
        if self._job:
            self._cluster.delete("Job", self._job)
        self._job, self._pod = "", ""

    def _start(self) -> None:
        self._job = f"{self._run}-{helper.ROLE}-{secrets.token_hex(3)}"
        with _explained(self._volume):
            made = self._cluster.create(helper.job(self._job, self._like, self._owner))
            self._cluster.create(helper.archive(self._job, agent_zip(), owner_of(made)))
        self._pod = self._running()

    def _running(self) -> str:
        """The pod's name, once it runs. Errors: Refused, with what keeps it."""
        began = time.monotonic()
        with Observed(self._cluster, self._job, helper.LABEL) as live:
            live.hear()
            while (left := began + self._wait - time.monotonic()) > 0:
                version = live.version
                place = _place(live, self._job)
                if place.state == "running":
                    return str(live.pods[0]["metadata"]["name"])
                if place.state == "ended" or self._in_vain(place):
                    break
                live.wait(version, left)
            raise self._refused(_place(live, self._job))

    def _in_vain(self, place: Place) -> bool:
        """Whether waiting does not help. The machine may look for the agent before that is there,
        and looks again."""
        trouble = place.trouble
        return trouble is not None and trouble.hopeless and self._job not in trouble.text

    def _refused(self, place: Place) -> Refused:
        trouble = place.trouble or Trouble("", place.text)
        limit = "" if trouble.hopeless else f", after {self._wait:g} s"
        return Refused(
            f"cannot look at the volume {self._volume}: its helper pod did not start{limit}: "
            f"{trouble.text}",
            trouble.remedy or "Nothing of it is left; a longer time to wait: --wait 10m",
        )

    @property
    def _volume(self) -> str:
        return called(self._like.volume)


def _ended(error: Refused) -> bool:
    """Whether a pod refused to be entered since it has ended, or is removed: anything else would be
    no better with another pod."""
    return isinstance(error, Absent) or any(words in str(error.args[0]) for words in _ENDED)


def called(volume: Mapping[str, object]) -> str:
    """How people call a pod's volume: by its claim, or the server's folder."""
    claim, nfs = volume.get("persistentVolumeClaim"), volume.get("nfs")
    if isinstance(claim, Mapping):
        return str(claim["claimName"])
    return f"{nfs['server']}:{nfs['path']}" if isinstance(nfs, Mapping) else str(volume["name"])


def _place(live: Observed, job: str) -> Place:
    heard = reading.events(live.events)
    seen = looking.gather(live.pods, live.jobs, heard, live.unread)
    return standing(job, 0.0, [f"{helper.ROLE}/0"], seen).places[0]


@contextlib.contextmanager
def _explained(volume: str) -> Iterator[None]:
    """Who may not make a helper is told what it was for."""
    try:
        yield
    except Forbidden as error:
        raise Refused(
            f"cannot look at the volume {volume}, which takes a helper pod: {error.args[0]}",
            error.hint,
        ) from error


@contextlib.contextmanager
def helping(
    cluster: Cluster, run: str, like: Like, found: Found | None, wait: float
) -> Iterator[HelperPod]:
    """A helper for the length of a `with`."""
    pod = HelperPod(cluster, run, like, found, wait)
    try:
        yield pod
    finally:
        with contextlib.suppress(Refused):  # it leaves by itself, and another error counts more
            pod.close()
