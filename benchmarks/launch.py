"""From the command to the first DDP step, against torchrun and against processes by hand;
and what interpreters that are started ahead are worth."""

import time
from collections.abc import Callable

from benchmarks import commands
from benchmarks.pairs import table, take_turns

SCRIPT = "first_step.py"


def main(quick: bool = False) -> None:
    for ranks in (2, 4, 8):
        rounds = 3 if quick else {2: 9, 4: 7, 8: 5}[ranks]
        contenders: dict[str, Callable[[], float]] = {
            "rankzero": lambda ranks=ranks: seconds(commands.rankzero, ranks),
            "with spares": lambda ranks=ranks: seconds(commands.with_spares, ranks),
            "torchrun": lambda ranks=ranks: seconds(commands.torchrun, ranks),
            "by hand": lambda ranks=ranks: seconds(commands.by_hand, ranks),
        }
        print(f"command to first DDP step, {ranks} ranks, {rounds} rounds (goal at 2: <= 0.70)")
        table(take_turns(contenders, rounds), "torchrun", "s")


def seconds(start: Callable[..., str], ranks: int) -> float:
    began = time.time()
    return commands.number("first step at", start(SCRIPT, ranks)) - began
