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
from rankzero.why.seen import Claim
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
        self,
        cluster: Cluster,
        run: str,
        like: Like,
        found: Found | None,
        wait: float,
        aim: str = "",
    ) -> None:
        """found: the run, where it is there. wait: how long a start may take (seconds). aim: what
        it is for, as an error begins: `cannot look at the volume data`."""
        self._aim = aim or f"cannot look at the volume {called(like.volume)}"
        self._cluster, self._run, self._like = cluster, run, like
        self._owner = None if found is None else owner_of(found.job)
        self._wait = wait
        self._job, self._pod = "", ""

    def start(self) -> None:
        """Make it, and wait for it, where it does not run already. Errors: Refused."""
        if not self._pod:
            self._start()

    def dial(self, *words: str, bulk: bool = False) -> ExecStream:
        """One of the agent's verbs in it. bulk: a lot is to go or come.

        Errors: Refused where it does not start, or may not be entered; Lost where it has ended,
        and the next dial starts another one.
        """
        self.start()
        command = starting.inside(self._like.python, [*words])
        try:
            how = self._cluster.execute(self._pod, names.CONTAINER, command, slow=bulk)
            return ExecStream(how, bulk=bulk)
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
        with _explained(self._aim):
            made = self._cluster.create(helper.job(self._job, self._like, self._owner))
            owner = owner_of(made)
            self._cluster.create(helper.archive(self._job, agent_zip(), owner))
            if self._like.brings is not None:
                self._cluster.create(helper.claim(self._job, self._like, owner))
                self._cluster.patch("Job", self._job, {"spec": {"suspend": False}})
        self._pod = self._running()

    def _running(self) -> str:
        """The pod's name, once it runs. Errors: Refused, with what keeps it."""
        began = time.monotonic()
        with Observed(self._cluster, self._job, helper.LABEL) as live:
            live.hear()
            while (left := began + self._wait - time.monotonic()) > 0:
                version = live.version
                place = self._place(live)
                if place.state == "running":
                    return str(live.pods[0]["metadata"]["name"])
                if place.state == "ended" or self._in_vain(place):
                    break
                live.wait(version, left)
            raise self._refused(self._place(live))

    def _in_vain(self, place: Place) -> bool:
        """Whether waiting does not help. The machine may look for the agent before that is there,
        and looks again."""
        trouble = place.trouble
        if trouble is None or not trouble.hopeless:
            return False
        # What is called as the Job comes after it.
        return trouble.cause == "unbound-volume" or self._job not in trouble.text

    def _refused(self, place: Place) -> Refused:
        trouble = place.trouble or Trouble("", place.text)
        limit = "" if trouble.hopeless else f", after {self._wait:g} s"
        said = trouble.evidence[:1] if self._like.brings is not None else ()
        text = ": ".join((trouble.text.replace(f'claim "{self._job}"', "the claim"), *said))
        return Refused(
            f"{self._aim}: its helper pod did not start{limit}: {text}",
            trouble.remedy or "Nothing of it is left; a longer time to wait: --wait 10m",
        )

    def _place(self, live: Observed) -> Place:
        heard = reading.events(live.events)
        seen = looking.gather(live.pods, live.jobs, heard, live.unread)
        if self._like.brings is not None:
            kind = str(self._like.brings.get("storageClassName", "the default"))
            said = heard.get(("PersistentVolumeClaim", self._job), ())
            seen = seen._replace(claims=(Claim(self._job, "Pending", kind, said),))
        return standing(self._job, 0.0, [f"{helper.ROLE}/0"], seen).places[0]


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


@contextlib.contextmanager
def _explained(aim: str) -> Iterator[None]:
    """Who may not make a helper is told what it was for."""
    try:
        yield
    except Forbidden as error:
        raise Refused(
            f"{aim}, which takes a helper pod: {error.args[0]}",
            error.hint,
        ) from error


@contextlib.contextmanager
def helping(
    cluster: Cluster, run: str, like: Like, found: Found | None, wait: float, aim: str = ""
) -> Iterator[HelperPod]:
    """A helper for the length of a `with`."""
    pod = HelperPod(cluster, run, like, found, wait, aim)
    try:
        yield pod
    finally:
        with contextlib.suppress(Refused):  # it leaves by itself, and another error counts more
            pod.close()
