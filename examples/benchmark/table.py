"""Fill in the table of results by measuring: `python table.py --help`.

Each row is a run of its own by `job.yaml`. Way A is one node with many processes; way B, many nodes
with one process each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import rankzero

JOB = Path(__file__).parent / "job.yaml"


def main() -> None:
    options = parse()
    print("| way | nodes x ranks | batch size | device | ms a step | utterances/s |")
    print("|---|---|---|---|---|---|", flush=True)
    for batch_size in options.batch_sizes:
        for count in options.counts:
            for way in "AB" if count > 1 else "-":
                nodes, ranks = (1, count) if way == "A" else (count, 1)
                got = measure(options, batch_size, nodes, ranks)
                seen = (got["device"], got["step_ms"], got["utterances_per_s"])
                row = (way, f"{nodes} x {ranks}", batch_size, *seen)
                print(f"| {' | '.join(map(str, row))} |", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure, and print a table in Markdown.")
    parser.add_argument("--on", help="where the runs go: local, kubernetes, or a place of yours")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 32])
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2], help="of ranks")
    parser.add_argument("--gpus", action="store_true", help="give each rank a GPU")
    parser.add_argument("--cpu", type=float, help="processors of each rank")
    parser.add_argument("--image", help="where it is not the job file's")
    parser.add_argument("--steps", type=int, default=20)
    return parser.parse_args()


def measure(options: argparse.Namespace, batch_size: int, nodes: int, ranks: int) -> dict[str, Any]:
    """What one run says of itself."""
    params: dict[str, Any] = {"batch_size": batch_size, "nodes": nodes, "steps": options.steps}
    if options.gpus:
        params["gpus"] = ranks
    if options.image:
        params["image"] = options.image
    cpu = None if options.cpu is None else options.cpu * ranks
    run = rankzero.run(JOB, on=options.on, params=params, nproc=ranks, cpu=cpu)
    return json.loads((run.wait().outputs / "result.json").read_text())


if __name__ == "__main__":
    main()
