"""From a job to its plan on this machine: gather the facts, check them, compile."""

from __future__ import annotations

import secrets

from rankzero import code, spec
from rankzero.backends.home import no_code
from rankzero.backends.local import facts, preflight
from rankzero.backends.local.folder import Runs
from rankzero.plan.local import compile_local
from rankzero.plan.model import Code, Plan
from rankzero.spec.model import Job
from rankzero.spec.names import run_id


def compile_job(runs: Runs, job: Job, *, checked: bool = True) -> Plan:
    """Errors: Refused, with everything that this machine lacks for the job, unless it is not to be
    checked."""
    machine = facts.gather()
    if checked:
        preflight.check(job, machine)
    folder = runs.folder(run_id(job.name, secrets.token_hex(2)))
    while folder.path.exists():
        folder = runs.folder(run_id(job.name, secrets.token_hex(2)))
    skip = no_code(job.outputs)
    surveyed = code.survey(job.workdir, *map(str, spec.entry_files(job)), skip=skip)
    what = Code(
        surveyed.folder, surveyed.files, surveyed.size, surveyed.digest, surveyed.note or ""
    )
    return compile_local(job, spec.detect(job), what, machine, folder.run, folder.path)
