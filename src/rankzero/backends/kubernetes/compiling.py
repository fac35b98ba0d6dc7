"""From a job to its plan on a cluster: gather what is known of it, pack, compile."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from rankzero import spec
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.code.agent_zip import agent_zip
from rankzero.code.refusals import outside
from rankzero.code.shipment import pack
from rankzero.errors import BadRequest
from rankzero.plan.kubernetes import Facts, Freight, compile_kubernetes
from rankzero.plan.model import Code, Plan
from rankzero.spec.model import Job
from rankzero.spec.names import run_id

#: What runs where a job names no image.
IMAGE = "RANKZERO_IMAGE"


def compile_job(cluster: Cluster, job: Job) -> Plan:
    """Errors: BadRequest for a job that no cluster could run, Refused by the kubeconfig."""
    facts = Facts(cluster.context, cluster.namespace, os.environ.get(IMAGE) or None)
    _check_images(job, facts)
    _check_scripts(job)
    skip = [job.outputs] if job.outputs else []
    shipped = pack(job.workdir, job.run.script, skip=skip)
    note = f"left out as secrets: {', '.join(shipped.left_out)}" if shipped.left_out else ""
    code = Code(job.workdir, shipped.files, shipped.size, shipped.digest, note)
    freight = Freight(agent_zip(), shipped.parts, shipped.digest)
    run = run_id(job.name, secrets.token_hex(2))
    return compile_kubernetes(job, spec.detect(job), code, facts, run, freight)


def _check_images(job: Job, facts: Facts) -> None:
    without = [name for name, role in job.roles.items() if role.image is None]
    if without and facts.image is None:
        which = "" if len(job.roles) == 1 else f" for {', '.join(without)}"
        raise BadRequest(
            f"image: a cluster needs one{which}.",
            f"Name it: --image REGISTRY/NAME:TAG, or for all runs: export {IMAGE}=...",
        )


def _check_scripts(job: Job) -> None:
    """What lies outside the folder that travels would not be found in a pod."""
    workdir = Path(job.workdir)
    for run in (job.run, *(role.run for role in job.roles.values() if role.run)):
        if run.script is None:
            continue
        path = Path(os.path.normpath(workdir / run.script))
        if not path.is_relative_to(workdir):
            raise outside(run.script, workdir)
