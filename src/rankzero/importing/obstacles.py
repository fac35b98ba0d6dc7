"""What still keeps an imported job from running where its file stands. Looks at files, and runs
none."""

from __future__ import annotations

from pathlib import Path

from rankzero.importing.drafts import Imported
from rankzero.spec import Job, SpecError, build, entry_files
from rankzero.spec.imports import uses

#: Modules that ask MPI, when they are imported or at their first call, which rank this is.
_OF_MPI = ("mpi4py", "horovod")


def obstacles(made: Imported, folder: Path) -> list[str]:
    """Each in a sentence's words. folder: where the job file stands, from which its paths count."""
    try:
        job = build(made.job, base=folder)
    except SpecError as error:
        return [problem.message for problem in error.problems]
    return _of_mpi(job) if made.kind == "mpirun" else []


def _of_mpi(job: Job) -> list[str]:
    """Scripts that would find themselves alone, each in an MPI world of its own."""
    found = []
    for file in entry_files(job):
        seen = uses(file)
        modules = {name.partition(".")[0] for name in (seen.imports if seen else ())}
        for module in sorted(modules & set(_OF_MPI)):
            message = f"{file.name} imports {module}, and each rank would be alone in its world"
            found.append(f"{message}; on one machine `run: mpirun ...` is what it needs")
    return found
