"""A rank killed three times in a row, until the next step, against containers that restart."""

from __future__ import annotations

import re
import statistics

from benchmarks.cluster import peer
from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place

SCRIPT, KILLS = "killed.py", 3


def main(place: Place, options: Options) -> list[Goal]:
    rounds = options.rounds_or(5)
    print(f"rank 1 of 2 killed {KILLS} times in a row, until the next step, {rounds} rounds")
    taken = [rankzero(place) for _ in range(rounds)]
    container = by_hand(place)
    print(f"  {'':28}" + "".join(f"{f'kill {kill}':>9}" for kill in range(1, KILLS + 1)) + " s")
    medians = [statistics.median(times) for times in zip(*taken, strict=True)]
    for name, times in (("rankzero, median", medians), ("container restarted, once", container)):
        print(f"  {name:28}" + "".join(f"{seconds:9.2f}" for seconds in times))
    slower = statistics.median(times[-1] / times[0] for times in taken)
    # No slower: what is left between two equal waits is the machine's own noise.
    return [Goal("restart after the third kill / after the first", slower, "<=", 1.1)]


def rankzero(place: Place) -> list[float]:
    said = place.rankzero(
        *("run", SCRIPT, "--nodes", 2, "--max-restarts", KILLS, "--image", place.needs_torch()),
        *("--", KILLS),
        cwd=place.code(SCRIPT),
    )
    place.rankzero("delete", said.run)
    return until_next_step(said.text)


def by_hand(place: Place) -> list[float]:
    """Once: the kubelet waits 10 s before the second restart, and 20 s before the third."""
    image = place.needs_torch()
    how = {"retries": 10 * KILLS, "restart": "OnFailure"}
    with peer.completed(place, "static.yaml", SCRIPT, image, **how) as ended:
        return until_next_step(ended.log)


def until_next_step(output: str) -> list[float]:
    """From each kill to the first step, of any rank, after it."""
    kills = sorted(map(float, re.findall(r"killed at ([0-9.]+)", output)))
    steps = sorted(map(float, re.findall(r"step at ([0-9.]+)", output)))
    return [min(step for step in steps if step > kill) - kill for kill in kills]
