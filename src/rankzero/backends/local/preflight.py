"""What can be known to fail before anything is created."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from rankzero.agent import ports
from rankzero.backends.local.folders import Folders
from rankzero.errors import Refused
from rankzero.plan.kubernetes import claims
from rankzero.plan.local import Facts, shortage
from rankzero.spec.model import Job


def check(job: Job, facts: Facts) -> None:
    """Errors: Refused, with all findings at once."""
    findings = list(_findings(job, facts))
    if findings:
        said = "\n".join(f"  {finding}" for finding in findings)
        raise Refused(f"{job.name} cannot run on this machine; nothing was started.\n{said}")


def _findings(job: Job, facts: Facts) -> Iterator[str]:
    lacking = shortage(job, facts)
    if lacking:
        yield f"{lacking}; ask for less (--gpus)"
    python = job.python or facts.python
    if shutil.which(python) is None:
        yield f"python: {python} is not an interpreter that can be run"
    for wanted in filter(claims.stays, claims.claims(job, job.name)):
        name = wanted["metadata"]["name"]
        there = Folders().claim(name)
        if there is not None and (fault := claims.differs(there, wanted)):
            yield f"the volume {name} {fault}; name another one, or leave out what it was made with"
    fixed = {"torch.port": job.torch.port} if job.torch.port else {}
    for name, role in job.roles.items():
        if role.nodes.maximum == 1:
            fixed.update({f"roles.{name}.ports.{key}": port for key, port in role.ports.items()})
    for where, port in fixed.items():
        claim = ports.try_claim(port)
        if claim is None:
            yield f"{where}: port {port} is in use; leave it out and a free one is taken"
        else:
            claim.close()
