"""Measure rankzero against its peers: `python -m benchmarks [NAME ...] [--quick]`.

Contenders of one benchmark take turns in one run, so a machine that gets slower slows all of
them; figures are medians, ratios are medians of the ratios of neighbours in time. Run it on an
idle machine.
"""

import argparse
import importlib
import os
import platform
import sys

NAMES = ("startup", "launch", "mpi", "throughput", "supervisor", "logs", "pipelines", "serving")
#: Those that prove something rather than measure it; only where they are named.
PROOFS = ("kills",)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, *PROOFS, []], help="default: all")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    for name in options.names or NAMES:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main(quick=options.quick)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
