"""A world of MPI ended as such: a rank has ended it, or its mpirun, which may have made none."""

from __future__ import annotations

from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding, of_mpirun


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None:
        return None
    if failure.aborted:
        return finding("mpi-abort", facts)
    if not of_mpirun(failure):
        return None
    said = str((failure.exception or {})["message"])
    remedy = "what it said stands among rank 0's lines; mpirun's own options: --mpirun"
    return finding("mpirun", facts, remedy, title=f"mpirun {said}")
