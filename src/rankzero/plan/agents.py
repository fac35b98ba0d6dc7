"""What a job tells its agents wherever they run; a backend's plan adds where things lie."""

from __future__ import annotations

from collections.abc import Mapping

from rankzero.agent.config import Command, RoleShape
from rankzero.contracts.plain import variable_name
from rankzero.contracts.topology import Settings
from rankzero.spec import completes, ordered_roles
from rankzero.spec.framework import Found
from rankzero.spec.model import Job


def shapes(job: Job) -> tuple[RoleShape, ...]:
    """The roles as membership sees them, the coordinating one first."""
    return tuple(_shape(job, name) for name in ordered_roles(job))


def _shape(job: Job, name: str) -> RoleShape:
    nodes = job.roles[name].nodes
    return RoleShape(name, nodes.minimum, nodes.maximum, completes(job, name))


def settings(job: Job, found: Found, run: str) -> Settings:
    """What is the same for all ranks of the run."""
    return Settings(
        run=run,
        framework=found.framework,
        backend=job.torch.backend,
        port=job.torch.port,
        timeout_s=job.torch.timeout,
        max_restarts=job.max_restarts,
    )


def mpirun(job: Job, found: Found) -> tuple[str, ...]:
    """What makes its ranks one world of MPI; empty where they are none."""
    return job.mpirun if found.framework == "mpi" else ()


def volumes(folders: Mapping[str, str]) -> dict[str, str]:
    """How ranks find a volume wherever they run. folders: where each one is, by its name."""
    return {f"RANKZERO_VOLUME_{variable_name(name)}": path for name, path in folders.items()}


def command(job: Job, name: str) -> Command:
    """What the ranks of this role run: its own, or else the job's."""
    role = job.roles[name]
    run, args = role.run or job.run, job.args if role.args is None else role.args
    if run.script is not None:
        return Command("script", run.script, args)
    if run.module is not None:
        return Command("module", run.module, args)
    words = run.command or ()
    return Command("command", words[0], (*words[1:], *args))
