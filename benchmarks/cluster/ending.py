"""From the exit of the last rank to the command that says so, against the Job's own status."""

from __future__ import annotations

import re
import statistics

from benchmarks.cluster import peer
from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place
from benchmarks.pairs import table, take_turns

SCRIPT = "ends.py"


def main(place: Place, options: Options) -> list[Goal]:
    rounds = options.rounds_or(7)
    print(f"the last rank's exit until it is said, 2 pods, {rounds} rounds")
    status = "the Job's status"
    contenders = {"rankzero": lambda: rankzero(place), status: lambda: by_hand(place)}
    taken = take_turns(contenders, rounds)
    table(taken, status, "s")
    said = statistics.median(taken["rankzero"])
    return [Goal("last rank's exit until the command says so", said, "<=", 0.5, "s")]


def rankzero(place: Place) -> float:
    folder = place.code(SCRIPT)
    said = place.rankzero("run", SCRIPT, "--nodes", 2, "--image", place.python, cwd=folder)
    place.rankzero("delete", said.run)
    return said.when("succeeded") - last_exit(said.text)


def by_hand(place: Place) -> float:
    with peer.completed(place, "static.yaml", SCRIPT, place.python) as ended:
        return ended.ended - last_exit(ended.log)


def last_exit(output: str) -> float:
    """When the last rank ended, by its own clock: the nodes' must agree with ours."""
    return max(map(float, re.findall(r"exit at ([0-9.]+)", output)))
