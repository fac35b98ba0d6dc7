"""Steps per second under rankzero against the same script started by hand, 2 ranks."""

from benchmarks import commands
from benchmarks.pairs import table, take_turns

SCRIPT, RANKS = "steps.py", 2


def main(quick: bool = False) -> None:
    rounds, steps = (3, "500") if quick else (9, "2000")
    label = "steps per second"
    contenders = {
        "rankzero": lambda: commands.number(label, commands.rankzero(SCRIPT, RANKS, steps)),
        "by hand": lambda: commands.number(label, commands.by_hand(SCRIPT, RANKS, steps)),
    }
    print(f"{steps} steps on {RANKS} ranks, {rounds} rounds (goal: >= 0.99)")
    table(take_turns(contenders, rounds), "by hand", "steps/s", digits=0)
