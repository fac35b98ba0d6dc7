"""A cluster: the way there, and what would keep a run of this user from working."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from rankzero import spec
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
#: A clock that is off by more hurts: tokens, certificates, and what is said to have happened when.
_SKEW = 5.0
#: Labels by which a machine says that it has GPUs, whether pods can ask for them or not.
_HAVE = ("nvidia.com/gpu.", "amd.com/gpu.", "feature.node.kubernetes.io/pci-10de")
#: Of what is looked at before a run, what tells of a cluster, whatever the run is.
_CHECKS = {"namespace", "rights", "quota", "limits", "nodes", "pod security", "features", "dry run"}
_PLUGIN = "install the vendor's device plugin (NVIDIA: its k8s-device-plugin, or the GPU operator)"


def findings(of: Cluster, defaults: Given) -> Iterator[Finding]:
    """In the order in which they are told. Without a way there, the first is the last. defaults: of
    jobs there."""
    began = time.monotonic()
    try:
        headers = of.headers("/version")
    except Error as error:
        yield Finding(AREA, "reached", FAILURE, str(error.args[0]), error.hint or "")
        return
    took = (time.monotonic() - began) * 1000
    yield Finding(AREA, "reached", FINE, f"{of.context} at {of.server}, {took:.0f} ms")
    yield clock(headers.get("date", ""), time.time())
    try:
        yield from _inside(of, defaults)
    except Error as error:  # also of defaults that no job can have
        yield Finding(AREA, "answers", FAILURE, str(error.args[0]), error.hint or "")


def _inside(of: Cluster, defaults: Given) -> Iterator[Finding]:
    from rankzero.backends.kubernetes.machines.looking import info

    shown = info(of)
    yield version(shown.version)
    yield from _machines(shown)
    yield from _storage(shown)
    adds = ", ".join(shown.adds)
    yield Finding(AREA, "installed", FINE, adds or "nothing that rankzero would use")
    yield from _checks(of, defaults)


def clock(date: str, now: float) -> Finding:
    """date: of an answer, as HTTP writes it. Pure."""
    try:
        skew = parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError):
        return Finding(AREA, "clock", UNKNOWN, "the API server does not say what time it is")
    if abs(skew) > _SKEW:
        said = f"the API server's is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
        return Finding(
            AREA, "clock", WARNING, said, "Let both take their time from one place (NTP)"
        )
    return Finding(AREA, "clock", FINE, "agrees with the API server's")


def version(said: str) -> Finding:
    """said: `v1.34.2`. Pure."""
    parts = said.removeprefix("v").split(".")
    try:
        minor = int(parts[1].rstrip("+"))
    except (IndexError, ValueError):
        return Finding(AREA, "version", UNKNOWN, f"it calls itself {said or 'nothing'}")
    if parts[0] == "1" and minor < _OLDEST:
        remedy = "Runs may miss what a newer one has: ask for an upgrade"
        return Finding(AREA, "version", WARNING, f"{said} is older than 1.{_OLDEST}", remedy)
    return Finding(AREA, "version", FINE, said)


def _machines(shown: Shown) -> Iterator[Finding]:
    if shown.nodes is None:
        said = "machines may not be listed, so neither they nor their GPUs are known"
        yield Finding(AREA, "machines", UNKNOWN, said)
        return
    down = [node.name for node in shown.nodes if "ready" not in node.states]
    ready = f"{len(shown.nodes) - len(down)}/{len(shown.nodes)} ready"
    runtimes = ", ".join(sorted({node.runtime for node in shown.nodes if node.runtime}))
    if down:
        remedy = f"Look at it: rankzero describe {down[0]}"
        said = f"{ready}; not: {', '.join(down[:5])}"
        yield Finding(AREA, "machines", WARNING, said, remedy)
    else:
        yield Finding(AREA, "machines", FINE, f"{ready} ({runtimes})" if runtimes else ready)
    yield from _gpus(shown)


def _gpus(shown: Shown) -> Iterator[Finding]:
    """What pods can ask for; and machines that say to have some, of which no pod can."""
    nodes = shown.nodes or ()
    total: dict[str, int] = {}
    for node in nodes:
        for one in node.devices:
            total[one.resource] = total.get(one.resource, 0) + one.total
    bare = [
        node.name
        for node in nodes
        if not node.devices and any(key.startswith(_HAVE) for key in node.labels)
    ]
    if bare:
        said = f"{', '.join(bare[:5])} have some by their labels, and offer none to pods"
        yield Finding(AREA, "GPUs", WARNING, said, _PLUGIN)
    elif total:
        said = ", ".join(f"{count} {name}" for name, count in sorted(total.items()))
        yield Finding(AREA, "GPUs", FINE, said)
    else:
        yield Finding(AREA, "GPUs", FINE, "no machine offers any")


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
