"""A job of MPI for one pod, in which `mpirun` itself starts the ranks."""

from __future__ import annotations

from rankzero.agent.mpi.variables import AS_ROOT
from rankzero.errors import BadRequest
from rankzero.plan import agents
from rankzero.spec.model import Job, Run

#: As many as were asked for, however many processors there are: Open MPI to version 4, and from 5.
_MORE_THAN_CORES = {
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":OVERSUBSCRIBE",
}


def in_one_pod(job: Job, ranks: int) -> Job:
    """The same with a command line of mpirun as what one rank runs. ranks: how many it starts.

    Errors: BadRequest where the job has several nodes.
    """
    if sum(role.nodes.maximum for role in job.roles.values()) > 1:
        raise BadRequest(
            "MPI's world of several pods is made by rankzero's agents; without them it takes sshd "
            "and keys in every pod, or an operator.",
            "Have all ranks in one pod, as in --nodes 1 --nproc 8, or leave this job to rankzero.",
        )
    (name,) = job.roles
    started = agents.command(job, name)
    python = job.python or "python3"
    program = {
        "command": (started.target,),
        "script": (python, started.target),
        "module": (python, "-m", started.target),
    }[started.kind]
    words = (*job.mpirun, "-np", str(ranks), *program)
    role = job.roles[name].model_copy(update={"nproc": 1, "run": None, "args": None})
    return job.model_copy(
        update={
            "run": Run.model_validate({"command": words}),
            "args": started.args,
            "env": {**AS_ROOT, **_MORE_THAN_CORES, **job.env},
            "roles": {name: role},
        }
    )
