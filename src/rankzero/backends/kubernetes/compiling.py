"""From a job to its plan on a cluster: gather what is known of it, pack, compile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rankzero import spec
from rankzero.agent.unpack import MOST_BYTES
from rankzero.backends.base import ignore
from rankzero.backends.home import no_code
from rankzero.backends.kubernetes import layering
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.images import with_images
from rankzero.backends.kubernetes.layering import Cargo, Folder, Tell
from rankzero.code.agent_zip import agent_zip
from rankzero.code.choice import Choice
from rankzero.code.refusals import TooMuch, outside
from rankzero.code.shipment import LIMIT, Shipment, largest, pack
from rankzero.plan.kubernetes.compiling import Freight, compile_kubernetes
from rankzero.plan.kubernetes.facts import Facts
from rankzero.plan.model import Code, Plan
from rankzero.spec.model import Job
from rankzero.spec.names import run_id

#: Of how many files that travel the plan has the name.
LISTED = 100
#: How many names of files stand in a note.
_NAMED = 10


class Packed(NamedTuple):
    """What travels of a folder: as a plan tells of it, and as it is sent. cargo: what is to be laid
    on images, where it is too large for objects of the cluster."""

    code: Code
    freight: Freight
    cargo: Cargo | None = None


def compile_job(cluster: Cluster, job: Job, tell: Tell = ignore) -> Plan:
    """tell: how far a large folder is packed. Errors: BadRequest for a job that no cluster could
    run, Refused by the kubeconfig, or a registry that is needed."""
    facts = Facts(cluster.context, cluster.namespace)
    framework = spec.detect(job)
    job, image = with_images(job, framework.framework)
    _check_scripts(job)
    folder = Folder(
        job.workdir, tuple(map(str, spec.entry_files(job))), tuple(no_code(job.outputs))
    )
    code, freight, cargo = packed(folder, job.registry, tell)
    run = run_id(job.name, secrets.token_hex(2))
    plan = compile_kubernetes(job, framework, code, facts, run, freight)
    if cargo is not None:
        (plan,) = layering.on_images(cluster, [plan], cargo)
    return replace(plan, image=image)


def packed(folder: Folder, registry: str | None, tell: Tell = ignore) -> Packed:
    """registry: as a job names it. tell: as of `compile_job`. Errors: as of `shipment.pack`; those
    of a registry."""
    to = layering.registry(registry)
    try:
        # Whether it would be small enough once it is packed is not worth a trial, if there is
        # another way.
        return _in_objects(folder, MOST_BYTES if to is None else LIMIT)
    except TooMuch as error:
        if to is None:
            raise layering.without_registry(error) from None
    cargo = layering.packed(to, folder, tell)
    choice, digest = cargo.choice, cargo.digest
    size = sum(item.size for item in choice.items)
    listed = largest(choice)[:LISTED]
    code = Code(folder.workdir, len(choice.items), size, digest, _note(choice), listed)
    return Packed(code, Freight(agent_zip(), digest=digest, layers=cargo.folders), cargo)


def _in_objects(folder: Folder, most: int) -> Packed:
    """most: bytes of content."""
    sent = pack(folder.workdir, *folder.scripts, skip=folder.skip, words=folder.words, most=most)
    listed = sent.largest[:LISTED]
    code = Code(folder.workdir, sent.files, sent.size, sent.digest, _note(sent), listed)
    return Packed(code, Freight(agent_zip(), sent.parts, sent.digest))


def _note(shipped: Shipment | Choice) -> str:
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
