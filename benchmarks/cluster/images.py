"""An image built anew after one line of its code has changed, beside its first building.

The base and the registry are the lab's. Each round changes a line, so that none finds its own
result.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.cluster.lab.places import REGISTRY

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place

#: Files of code beside the one that changes.
_FILES = 200


def main(place: Place, options: Options) -> list[Goal]:
    work = place.folder / "image"
    work.mkdir()
    (work / "requirements.txt").write_text("humanize==4.*\n")
    for number in range(_FILES):
        (work / f"part{number}.py").write_text(f"VALUE = {number}\n" * 50)
    first = _built(place, work, 0)
    print(f"  first      {first['seconds']:6.2f} s  {first['sent']:9,} bytes sent")
    again = [_built(place, work, number) for number in range(1, options.rounds_or(5) + 1)]
    seconds = statistics.median(one["seconds"] for one in again)
    sent = max(one["sent"] for one in again)
    print(f"  a line on  {seconds:6.2f} s  {sent:9,} bytes sent (median, most of {len(again)})")
    return [
        Goal("a changed line in an image, seconds of the command", seconds, "<=", 2.0),
        Goal("a changed line in an image, kB sent", sent / 1000, "<=", 100.0),
    ]


def _built(place: Place, work: Path, number: int) -> dict[str, Any]:
    """What the command says, with the seconds that it took as a whole."""
    (work / "train.py").write_text(f"print('version {number} of {time.time_ns()}')\n")
    words = ["image", "build", "-t", f"{REGISTRY}/bench/train:{number}", "--base", place.python]
    words += ["-r", "requirements.txt", "--insecure", "--output", "json"]
    env = {**place.env, "XDG_CACHE_HOME": str(place.folder / "cache")}
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "rankzero", *words],
        cwd=work,
        env=env,
        check=True,
        stdout=subprocess.PIPE,
    )
    return {**json.loads(done.stdout), "seconds": time.monotonic() - began}
