"""How many writes a submission costs the API server: as many for 1,000 ranks as for two."""

from __future__ import annotations

import json
import sys

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import PROGRAMS, Place

SCRIPT = "ends.py"
#: A scheduler that nobody runs: pods of such a name wait, and cost nothing.
NOBODY = "nobody"


def main(place: Place, options: Options) -> list[Goal]:
    few, many = (calls(place, nodes) for nodes in (2, options.nodes))
    print("calls of the API by `rankzero run --detach`, by method")
    methods = sorted(few.keys() | many.keys())
    print(f"  {'ranks':>8}" + "".join(f"{method:>8}" for method in [*methods, "writes"]))
    for nodes, counted in ((2, few), (options.nodes, many)):
        row = [counted.get(method, 0) for method in methods]
        print(f"  {nodes:8,}" + "".join(f"{count:8}" for count in [*row, writes(counted)]))
    what = f"API writes at {options.nodes:,} ranks / at 2 ranks"
    return [Goal(what, writes(many) / writes(few), "=", 1.0)]


def calls(place: Place, nodes: int) -> dict[str, int]:
    """The calls of one submission, by their method; the run is gone afterwards."""
    counts = place.folder / f"calls-{nodes}.json"
    folder = place.code(SCRIPT)
    job = {
        "run": SCRIPT,
        "name": f"writes-{nodes}",
        "nodes": nodes,
        "image": place.python,
        "pod": {"schedulerName": NOBODY},
    }
    (folder / "job.yaml").write_text(json.dumps(job), encoding="utf-8")
    counting = [sys.executable, str(PROGRAMS / "counting.py"), str(counts)]
    run = place.call([*counting, "run", "job.yaml", "--detach"], folder).text.strip()
    place.rankzero("stop", run)
    place.rankzero("delete", run)
    found: dict[str, int] = json.loads(counts.read_text(encoding="utf-8"))
    return found


def writes(counted: dict[str, int]) -> int:
    return sum(count for method, count in counted.items() if method != "GET")
