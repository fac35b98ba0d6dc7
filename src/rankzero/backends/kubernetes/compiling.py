"""From a job to its plan on a cluster: gather what is known of it, pack, compile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rankzero import spec
from rankzero.backends.home import no_code
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.images import with_images
from rankzero.code.agent_zip import agent_zip
from rankzero.code.refusals import outside
from rankzero.code.shipment import Shipment, pack
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code, Plan
from rankzero.spec.model import Job
from rankzero.spec.names import run_id

#: Of how many files that travel the plan has the name.
LISTED = 100
#: How many names of files stand in a note.
_NAMED = 10


def compile_job(cluster: Cluster, job: Job) -> Plan:
    """Errors: BadRequest for a job that no cluster could run, Refused by the kubeconfig."""
    facts = Facts(cluster.context, cluster.namespace)
    framework = spec.detect(job)
    job, image = with_images(job, framework.framework)
    _check_scripts(job)
    scripts = map(str, spec.entry_files(job))
    code, freight = packed(job.workdir, scripts, no_code(job.outputs))
    run = run_id(job.name, secrets.token_hex(2))
    return replace(compile_kubernetes(job, framework, code, facts, run, freight), image=image)


def packed(
    workdir: str,
    scripts: Iterable[str],
    skip: Iterable[str | Path],
    words: Iterable[str] = (),
) -> tuple[Code, Freight]:
    """What travels of a folder, as a plan tells of it, and as it is sent. scripts, skip, words: as
    of `shipment.pack`. Errors: as of it."""
    shipped = pack(workdir, *scripts, skip=skip, words=words)
    largest = shipped.largest[:LISTED]
    code = Code(workdir, shipped.files, shipped.size, shipped.digest, _note(shipped), largest)
    return code, Freight(agent_zip(), shipped.parts, shipped.digest)


def _note(shipped: Shipment) -> str:
    """What stays here, where a user may not expect it."""
    secret, others = _some(shipped.left_out), _some(shipped.notes)
    parts = [
        f"left out as secrets: {secret}" if secret else "",
        f"left out: {others}" if others else "",
    ]
    return "; ".join(filter(None, parts))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _check_scripts(job: Job) -> None:
    """What lies outside the folder that travels would not be found in a pod."""
    workdir = Path(job.workdir)
    for run in (job.run, *(role.run for role in job.roles.values() if role.run)):
        if run.script is None:
            continue
        path = Path(os.path.normpath(workdir / run.script))
        if not path.is_relative_to(workdir):
            raise outside(run.script, workdir)
