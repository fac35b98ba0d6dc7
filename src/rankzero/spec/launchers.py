"""Programs that start the processes of a world of MPI themselves, as people call them."""

from __future__ import annotations

from pathlib import PurePath

from rankzero.spec.model import Run

#: Of Open MPI, PRRTE, MPICH and what comes from it; Debian has each under its maker's name, too.
MPI = frozenset(
    (
        *("mpirun", "mpiexec", "orterun", "prterun", "mpiexec.hydra"),
        *("mpirun.openmpi", "mpiexec.openmpi", "mpirun.mpich", "mpiexec.mpich"),
    )
)


def launcher(run: Run) -> str | None:
    """Its name, where what is run is one of them."""
    name = PurePath((run.command or ("",))[0]).name
    return name if name in MPI else None
