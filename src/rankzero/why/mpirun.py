"""The ranks of MPI lost, or never had, what makes them one world; no rank of theirs failed first."""

from __future__ import annotations

from rankzero.agent.mpi import MPIRUN
from rankzero.why.model import Facts, Finding
from rankzero.why.words import finding


def find(facts: Facts) -> Finding | None:
    failure = facts.failure
    if failure is None or (failure.exception or {}).get("type") != MPIRUN:
        return None
    said = str((failure.exception or {})["message"])
    remedy = "what it said stands among rank 0's lines; mpirun's own options: --mpirun"
    return finding("mpirun", facts, remedy, title=f"mpirun {said}")
