"""Programs that start the processes of a world of MPI themselves, as people call them."""

from __future__ import annotations

from pathlib import PurePath

from rankzero.spec.model import Run

#: A job's `mpirun` where nobody has named one, nor any options.
PLAIN = ("mpirun",)
#: Of Open MPI, PRRTE, MPICH and what comes from it; Debian has each under its maker's name, too.
MPI = frozenset(
    (
        *("mpirun", "mpiexec", "orterun", "prterun", "mpiexec.hydra"),
        *("mpirun.openmpi", "mpiexec.openmpi", "mpirun.mpich", "mpiexec.mpich"),
    )
)
#: Their options for how many there are, and where; on Open MPI's and on Hydra's command line.
PLACING = frozenset(
    (
        *("-np", "--np", "-n", "--n", "-c", "-N", "-H", "-host", "--host", "-hosts", "-ppn"),
        *("-hostfile", "--hostfile", "-machinefile", "--machinefile", "-f", "-perhost"),
        *("-npernode", "--npernode", "--map-by", "-map-by", "--rank-by", "-rank-by"),
        *("--bind-to", "-bind-to", "--rankfile", "-rankfile"),
    )
)


def launcher(run: Run) -> str | None:
    """Its name, where what is run is one of them."""
    name = PurePath((run.command or ("",))[0]).name
    return name if name in MPI else None
