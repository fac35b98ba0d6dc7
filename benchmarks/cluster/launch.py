"""From the command to the first DDP step on two pods, against Jobs that were written by hand."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.cluster import peer
from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place
from benchmarks.commands import number
from benchmarks.pairs import ratio, table, take_turns

SCRIPT, STEP = "first_step.py", "first step at"
STATIC, TORCHRUN = "Job, by hand", "Job, torchrun"


def main(place: Place, options: Options) -> list[Goal]:
    rounds = options.rounds_or(7)
    contenders: dict[str, Callable[[], float]] = {
        "rankzero": lambda: rankzero(place),
        "without spares": lambda: rankzero(place, "--no-spares"),
        STATIC: lambda: by_hand(place, "static.yaml"),
        TORCHRUN: lambda: by_hand(place, "torchrun.yaml"),
    }
    print(f"command to first DDP step, 2 pods, image present, {rounds} rounds")
    taken = take_turns(contenders, rounds)
    table(taken, STATIC, "s")
    return [
        Goal("command to first step / Job by hand", ratio(taken, "rankzero", STATIC), "<=", 1.0),
        Goal("the same / torchrun", ratio(taken, "rankzero", TORCHRUN), "<=", 0.6),
    ]


def rankzero(place: Place, *options: str) -> float:
    """Preflight and the code's way included, for both are part of the command."""
    asked = ("--nodes", 2, "--image", place.needs_torch(), *options)
    said = place.rankzero("run", SCRIPT, *asked, cwd=place.code(SCRIPT))
    place.rankzero("delete", said.run)
    return number(STEP, said.text) - said.began


def by_hand(place: Place, manifest: str) -> float:
    with peer.completed(place, manifest, SCRIPT, place.needs_torch()) as ended:
        return number(STEP, ended.log) - ended.applied
