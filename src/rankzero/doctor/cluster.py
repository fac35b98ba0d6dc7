"""A cluster: the way there, and what would keep a run of this user from working."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero import spec
from rankzero.agent.checkup.server import ahead
from rankzero.doctor import clocks, stack
from rankzero.doctor.model import FAILURE, FINE, UNKNOWN, WARNING, Finding
from rankzero.errors import Error

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.backends.kubernetes.machines.model import Cluster as Shown
    from rankzero.backends.kubernetes.preflight.model import Refusal, Verdict
    from rankzero.spec.given import Given

AREA = "cluster"
#: The oldest minor version of Kubernetes 1 with all that is used: Indexed Jobs' failure policies.
_OLDEST = 29
#: How many minor versions a kubelet may be older than the API server, and newer by none.
_OLDER = 3
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
#: Of what is looked at before a run, what tells of a cluster, whatever the run is.
_CHECKS = {"namespace", "rights", "quota", "limits", "nodes", "pod security", "features", "dry run"}


class Reached(NamedTuple):
    """What whoever goes on from here takes along. skew: how far the API server's clock is ahead
    (seconds). device: what a pod would ask for to be granted a GPU; empty where none is seen."""

    skew: float | None
    device: str


def findings(of: Cluster, defaults: Given) -> Generator[Finding, None, Reached | None]:
    """In the order in which they are told. Without a way there, the first is the last, and nobody
    is reached. defaults: of jobs there."""
    from rankzero.backends.kubernetes.machines.looking import info

    began = time.monotonic()
    try:
        headers = of.headers("/version")
    except Error as error:
        yield Finding(AREA, "reached", FAILURE, str(error.args[0]), error.hint or "")
        return None
    took = (time.monotonic() - began) * 1000
    yield Finding(AREA, "reached", FINE, f"{of.context} at {of.server}, {took:.0f} ms")
    skew = ahead(headers.get("date", ""), time.time())
    yield clocks.of_server(skew)
    shown = None
    try:
        shown = info(of)
        yield from _shown(of, shown, skew or 0.0)
        yield from _checks(of, defaults)
    except Error as error:  # also of defaults that no job can have
        yield Finding(AREA, "answers", FAILURE, str(error.args[0]), error.hint or "")
    return Reached(skew, stack.device(shown.nodes or ()) if shown else "")


def _shown(of: Cluster, shown: Shown, skew: float) -> Iterator[Finding]:
    yield version(shown.version)
    yield from _machines(of, shown, skew)
    yield from _storage(shown)
    adds = ", ".join(shown.adds)
    yield Finding(AREA, "installed", FINE, adds or "nothing that rankzero would use")


def version(said: str) -> Finding:
    """said: `v1.34.2`. Pure."""
    number = _numbers(said)
    if number is None:
        return Finding(AREA, "version", UNKNOWN, f"it calls itself {said or 'nothing'}")
    if number < (1, _OLDEST):
        remedy = "Runs may miss what a newer one has: ask for an upgrade"
        return Finding(AREA, "version", WARNING, f"{said} is older than 1.{_OLDEST}", remedy)
    return Finding(AREA, "version", FINE, said)


def version_skew(server: str, kubelets: Sequence[str]) -> Finding:
    """Whether the machines' versions go with the API server's. Pure."""
    at = _numbers(server)
    known = {one: number for one in kubelets if (number := _numbers(one)) is not None}
    if at is None or not known:
        return Finding(AREA, "version skew", UNKNOWN, "machines do not tell their versions")
    wrong = [
        one
        for one, number in known.items()
        if number[0] != at[0] or not at[1] - _OLDER <= number[1] <= at[1]
    ]
    if wrong:
        said = f"machines have {', '.join(sorted(wrong))}"
        remedy = f"Kubernetes wants them as new as the API server, or {_OLDER} minor versions older"
        return Finding(AREA, "version skew", WARNING, said, remedy)
    return Finding(AREA, "version skew", FINE, f"machines have {', '.join(sorted(known))}")


def _numbers(said: str) -> tuple[int, int] | None:
    """`v1.34.2-eks`, `v1.30+`: major and minor."""
    match = re.match(r"v?(\d+)\.(\d+)", said)
    return None if match is None else (int(match[1]), int(match[2]))


def _machines(of: Cluster, shown: Shown, skew: float) -> Iterator[Finding]:
    if shown.nodes is None:
        said = "machines may not be listed, so neither they nor their GPUs are known"
        yield Finding(AREA, "machines", UNKNOWN, said)
        return
    down = [node.name for node in shown.nodes if "ready" not in node.states]
    ready = f"{len(shown.nodes) - len(down)}/{len(shown.nodes)} ready"
    if down:
        remedy = f"Look at it: rankzero describe {down[0]}"
        said = f"{ready}; not: {', '.join(down[:5])}"
        yield Finding(AREA, "machines", WARNING, said, remedy)
    else:
        yield Finding(AREA, "machines", FINE, ready)
    yield version_skew(shown.version, [node.version for node in shown.nodes])
    up = {node.name for node in shown.nodes} - {*down}
    yield clocks.of_machines(_listed(of, _LEASES), up, time.time() + skew)
    daemons = _listed(of, "/apis/apps/v1/daemonsets")
    classes = _listed(of, "/apis/node.k8s.io/v1/runtimeclasses")
    yield from stack.findings(shown.nodes, daemons, classes)


def _listed(of: Cluster, path: str) -> list[Any] | None:
    """None where they may not be, or nobody knows their kind."""
    from rankzero.backends.kubernetes.trouble import Absent, Forbidden

    try:
        return list(of.get(path)["items"])
    except (Absent, Forbidden):
        return None


def _storage(shown: Shown) -> Iterator[Finding]:
    if shown.classes is None:
        yield Finding(AREA, "storage", UNKNOWN, "storage classes may not be listed")
    elif not any(one.endswith("*") for one in shown.classes):
        known = ", ".join(shown.classes) or "none"
        remedy = "Volumes must name one: --class; or make one the default"
        yield Finding(AREA, "storage", WARNING, f"no default class; there is: {known}", remedy)
    else:
        yield Finding(AREA, "storage", FINE, ", ".join(shown.classes))


def _checks(of: Cluster, defaults: Given) -> Iterator[Finding]:
    """What would be looked at before a small run, and what it would be told."""
    from rankzero.backends.kubernetes import compiling, preflight
    from rankzero.backends.kubernetes.preflight import asking, request

    with tempfile.TemporaryDirectory() as nothing:
        job = spec.from_target(command=["true"], defaults=defaults)
        plan = compiling.compile_job(of, job.model_copy(update={"workdir": nothing}))
    asked = request.describe(plan, of.namespace)
    checks = [one for one in preflight.CHECKS if one.NAME in _CHECKS]
    answers = asking.answers_to(of, asked, checks)
    verdicts = {one.NAME: one.judge(asked, answers) for one in checks}
    yield from judged(verdicts, dict(preflight.findings(verdicts)))


def judged(verdicts: Mapping[str, Verdict], refused: Mapping[str, Refusal]) -> Iterator[Finding]:
    """refused: those of them that count, where one explains the others. Pure."""
    for name, verdict in verdicts.items():
        if name in refused:
            yield Finding(AREA, name, FAILURE, refused[name].text, refused[name].remedy)
        elif verdict.unchecked:
            yield Finding(AREA, name, UNKNOWN, ", ".join(verdict.unchecked))
        elif verdict.notes:
            yield Finding(AREA, name, WARNING, "; ".join(verdict.notes))
        elif verdict.said and not verdict.refusals:
            yield Finding(AREA, name, FINE, verdict.said)
