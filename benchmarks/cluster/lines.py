"""Lines of two ranks, counted where an attached command prints them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place

SCRIPT, RANKS = "lines.py", 2


class Count(NamedTuple):
    """lost: lines that never came. again: those that came more than once. astray: those that came
    before one with a smaller number, or that no rank had printed so."""

    lost: int
    again: int
    astray: int


def main(place: Place, options: Options) -> list[Goal]:
    said = place.rankzero(
        *("run", SCRIPT, "--nodes", RANKS, "--image", place.python, "--", options.lines),
        cwd=place.code(SCRIPT),
    )
    seconds = time.time() - said.began
    with said.out.open("rb") as printed:
        count = counted(printed, RANKS, options.lines)
    size = said.out.stat().st_size
    place.rankzero("delete", said.run)
    whole = RANKS * options.lines
    print(
        f"{whole:,} lines of {RANKS} ranks, {size / 2**20:.0f} MiB, in {seconds:.1f} s as a whole"
    )
    print(f"  lost {count.lost:,}, came twice {count.again:,}, out of order {count.astray:,}")
    return [
        Goal(f"log lines lost of {whole:,}", count.lost, "=", 0, digits=0),
        Goal("log lines repeated or out of order", count.again + count.astray, "=", 0, digits=0),
    ]


def counted(printed: Iterable[bytes], ranks: int, lines: int) -> Count:
    """Compare what was printed with what each rank had printed: `[RANK] line NUMBER ...`."""
    nexts = dict.fromkeys(range(ranks), 0)
    seen = {rank: bytearray(lines) for rank in nexts}
    again = astray = 0
    for line in printed:
        place = _read(line)
        if place is None or place[0] not in nexts or place[1] >= lines:
            astray += 1
            continue
        rank, number = place
        if seen[rank][number]:
            again += 1
        elif number < nexts[rank]:
            astray += 1
        seen[rank][number] = 1
        nexts[rank] = max(nexts[rank], number + 1)
    lost = sum(rank.count(0) for rank in seen.values())
    return Count(lost, again, astray)


def _read(line: bytes) -> tuple[int, int] | None:
    """(rank, number) of a whole line."""
    if not line.endswith(b" of those that must all arrive, each once\n"):
        return None
    words = line.split(b" ", 3)
    try:
        return int(words[0].strip(b"[]")), int(words[2])
    except (ValueError, IndexError):
        return None
