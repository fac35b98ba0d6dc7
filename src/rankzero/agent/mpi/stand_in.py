"""What `mpirun` starts in a rank's place: it hands on what it was given, and stays.

It ends with its rank where that ends well, and else with its mpirun. That it outlives a rank which
has failed is what keeps mpirun from ending the others by itself: what becomes of the run is then
the coordinator's to say. A rank that leaves its world with 0 and without MPI_Finalize is no failure
to the agents; mpirun knows better, and ends the others.
"""

import os
import sys
from typing import Dict

from rankzero.agent import process
from rankzero.agent.mpi import seat
from rankzero.agent.mpi.variables import OWN

#: Of Open MPI, with PMIx and PRRTE beneath, and of MPICH and its kin, with Hydra.
_MPI = (
    *("OMPI_", "OPAL_", "ORTE_", "PMIX_", "PRTE_"),
    *("PMI_", "PMI2_", "HYDI_", "HYDRA_", "MPI_", "MPIR_", "MPICH_", "I_MPI_"),
)
_NUMBERS = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
#: What names a descriptor that is open in here.
_DESCRIPTORS = ("PMI_FD",)


def main() -> None:
    """argv: what the seats' names begin with."""
    process.die_with_parent(os.getppid())
    rank = next((os.environ[name] for name in _NUMBERS if name in os.environ), None)
    if rank is None:
        sys.exit("rankzero: this mpirun does not say which rank a process is: %s" % _known())
    try:
        end = seat.stay(sys.argv[1], int(rank))
        seat.give(sys.argv[1], int(rank), _given(), _open())
    except OSError as error:
        sys.exit("rankzero: rank %s is not on this node: %s" % (rank, error.strerror or error))
    seat.stayed(end)


def _given() -> Dict[str, str]:
    """All that is MPI's, but for what only its mpirun was told."""
    found = seat.variables(os.environ, _MPI)
    return {name: value for name, value in found.items() if name not in (*OWN, *_DESCRIPTORS)}


def _open() -> Dict[str, int]:
    return {name: int(os.environ[name]) for name in _DESCRIPTORS if name in os.environ}


def _known() -> str:
    return "known are Open MPI, MPICH, and what comes from them"
