"""From the command to the first allreduce of a world of MPI, against the same mpirun by hand."""

import time
from collections.abc import Callable

from benchmarks import commands
from benchmarks.pairs import table, take_turns

SCRIPT = "allreduce.py"


def main(quick: bool = False) -> None:
    for ranks in (2, 4):
        rounds = 3 if quick else 9
        contenders: dict[str, Callable[[], float]] = {
            "rankzero": lambda ranks=ranks: seconds(commands.rankzero, ranks),
            "mpirun": lambda ranks=ranks: seconds(commands.mpirun, ranks),
        }
        print(f"command to the first allreduce, {ranks} ranks, {rounds} rounds")
        table(take_turns(contenders, rounds), "mpirun", "s")


def seconds(start: Callable[..., str], ranks: int) -> float:
    began = time.time()
    return commands.number("allreduce at", start(SCRIPT, ranks)) - began
