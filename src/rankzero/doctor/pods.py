"""A check-up from inside a cluster: pods that look around, made, waited for, read, taken away."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.agent.checkup import inside as there
from rankzero.backends.kubernetes import looking, reading
from rankzero.backends.kubernetes.observing import Observed
from rankzero.backends.kubernetes.trouble import Absent, Forbidden, Unreachable
from rankzero.code.agent_zip import agent_zip
from rankzero.doctor import granted, inside
from rankzero.doctor.inside import Looked
from rankzero.doctor.model import FAILURE, Finding
from rankzero.errors import Error, Refused
from rankzero.plan.kubernetes import checkup, names
from rankzero.plan.kubernetes.checkup import GPUS, NETWORK, Wanted
from rankzero.plan.kubernetes.sending import owner_of
from rankzero.why.blocked import Trouble
from rankzero.why.standing import Standing, standing

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.spec.model import Job
    from rankzero.why.seen import Pod

#: Beyond the time that its pods may take to start, how long a Job may last (seconds): they look,
#: and are read.
_LOOKS = 300
_NAME = "rankzero-checkup"
#: Causes for which a run would wait, and a check-up does not.
_REFUSED = ("image-not-found", "image-denied")


class Asked(NamedTuple):
    """What is wanted. job: of those whose pods are meant. wait: how long they may take to start,
    and to look around (seconds). device: what the cluster calls the GPU that one is to be granted;
    empty for none. skew: how far the API server's clock is ahead of this one (seconds)."""

    job: Job
    wait: float
    device: str = ""
    skew: float | None = None


def findings(of: Cluster, asked: Asked) -> Iterator[Finding]:
    """As they are known. Whatever ends it, the pods are taken away."""
    with contextlib.ExitStack() as leaving:
        started = []
        for what in (NETWORK, GPUS) if asked.device else (NETWORK,):
            try:
                started.append((what, leaving.enter_context(_pods(of, asked, what))))
            except Error as error:
                yield Finding(inside.AREA, what, FAILURE, str(error.args[0]), error.hint or "")
        for what, name in started:
            try:
                yield from _judged(of, name, what, asked)
            except Refused as error:
                yield Finding(inside.AREA, what, FAILURE, str(error.args[0]), error.hint or "")


def _judged(of: Cluster, name: str, what: str, asked: Asked) -> Iterator[Finding]:
    looked = _looked(of, name, what, asked.wait)
    if what == GPUS:
        return granted.gpus(looked)
    return inside.network(looked, asked.skew, _policies(of, name))


@contextlib.contextmanager
def _pods(of: Cluster, asked: Asked, what: str) -> Iterator[str]:
    """The name of a Job, whose pods have begun to start. Errors: Error."""
    name = f"{_NAME}-{secrets.token_hex(3)}"
    wanted = _wanted(of, asked, what, name)
    try:
        made = of.create(checkup.job(wanted))
        for one in checkup.others(wanted, agent_zip(), owner_of(made)):
            of.create(one)
        of.patch("Job", name, {"spec": {"suspend": False}})
        yield name
    finally:
        with contextlib.suppress(Refused):  # it leaves by itself, and another error counts more
            of.delete("Job", name)


def _wanted(of: Cluster, asked: Asked, what: str, name: str) -> Wanted:
    """From the pods of a run of the job, with the image that it would have."""
    from rankzero import spec
    from rankzero.backends.kubernetes import compiling
    from rankzero.backends.kubernetes.images import with_images
    from rankzero.spec.model import Run

    job = asked.job
    if what == GPUS:
        change = {"gpus": 1, "gpu_resource": asked.device}
        roles = {name: role.model_copy(update=change) for name, role in job.roles.items()}
        job = job.model_copy(update={"roles": roles})
    job, _ = with_images(job, spec.detect(job).framework)
    roles = {name: role.model_copy(update={"run": None}) for name, role in job.roles.items()}
    with tempfile.TemporaryDirectory() as nothing:
        nothing_else = Run(script=None, module=None, command=("true",))
        bare = {"workdir": nothing, "run": nothing_else, "roles": roles}
        plan = compiling.compile_job(of, job.model_copy(update=bare))
    template = plan.manifests[0]["spec"]["template"]
    lasts = int(asked.wait) + _LOOKS
    return Wanted(name, what, template, plan.run, job.python, asked.device, lasts)


def _looked(of: Cluster, name: str, what: str, wait: float) -> list[Looked]:
    """What each of the pods saw, or what keeps it from looking. Errors: Refused."""
    nodes = [f"{what}/{at}" for at in range(checkup.PODS[what])]
    began = time.monotonic()
    with Observed(of, name, checkup.LABEL) as live:
        live.hear()
        while True:
            version = live.version
            standing = _standing(live, name, nodes)
            left = began + wait - time.monotonic()
            if left <= 0 or _settled(standing):
                break
            live.wait(version, left)
    return [_read(of, standing, node) for node in nodes]


def _standing(live: Observed, name: str, nodes: list[str]) -> Standing:
    heard = reading.events(live.events)
    seen = looking.gather(live.pods, live.jobs, heard, live.unread)
    return standing(name, 0.0, nodes, seen)


def _settled(now: Standing) -> bool:
    """Whether every pod has ended, or never will begin."""
    over = {pod.node for pod in now.seen.newest().values() if pod.over}
    hopeless = {one.node for one in now.places if _in_vain(one.trouble)}
    return all(one.node in over | hopeless for one in now.places)


def _in_vain(trouble: Trouble | None) -> bool:
    """An image that is refused may be there at another time; a check-up tells what is so now."""
    return trouble is not None and (trouble.hopeless or trouble.cause in _REFUSED)


def _read(of: Cluster, now: Standing, node: str) -> Looked:
    pod = now.seen.newest().get(node)
    place = next(one for one in now.places if one.node == node)
    if pod is None or not (pod.over or pod.running):
        return Looked(node, "", (), place.trouble or Trouble("", place.text), pod)
    lines = []
    with contextlib.suppress(Absent, Forbidden, Unreachable):
        log = b"".join(of.log(pod.name, container=names.CONTAINER))
        lines = [one for line in log.splitlines() if (one := _line(line)) is not None]
    trouble = None if lines else place.trouble or _silent(pod)
    return Looked(node, pod.machine, tuple(lines), trouble, pod)


def _silent(pod: Pod) -> Trouble:
    """Of one that ran, and said nothing that anybody awaited."""
    last = (pod.ended.message.strip().splitlines() if pod.ended else []) or ["it says nothing"]
    remedy = "It takes Python 3.8 or newer: --image, or python: in a job file"
    return Trouble("image-silent", f"{pod.image} does not look around: {last[-1]}", remedy)


def _line(line: bytes) -> dict[str, Any] | None:
    """What a pod says that it saw; None for what else its Python prints."""
    try:
        said = json.loads(line)
        return said if isinstance(said, dict) and there.KEY in said else None
    except ValueError:
        return None


def _policies(of: Cluster, name: str) -> tuple[str, ...]:
    """The NetworkPolicies that may hold for its pods, where they may be read."""
    asker = looking.Asker(of)
    return reading.policies(asker.every("NetworkPolicy") or (), name)
