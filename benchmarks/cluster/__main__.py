"""Measure rankzero on a cluster: `python -m benchmarks.cluster [NAME ...] [--quick] [--pods N]`.

The cluster is that of RANKZERO_TEST_KUBECONFIG, else the lab, which is brought up where it is not.
All that is made lies in a namespace of its own, and goes with it. Contenders take turns; figures
are medians, ratios are medians of the ratios of neighbours in time. Run it on an idle machine.
"""

import argparse
import importlib
import json
import os
import platform
import sys

from tests.cluster.lab.shell import LabError

from benchmarks.cluster import goals, options, place

NAMES = (
    *("writes", "decode", "launch", "ending", "restarts", "machine", "delete", "lines"),
    *("volumes", "serving", "images", "layers"),
)


def main() -> None:
    """Errors of the cluster end it in a line, not in a traceback."""
    try:
        measure()
    except LabError as error:
        sys.exit(str(error))


def measure() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="default: all")
    options.add(parser)
    given = parser.parse_args()
    reached: list[goals.Goal] = []
    with place.opened() as here:
        version = json.loads(here.admin("version", "-o", "json"))["serverVersion"]["gitVersion"]
        print(
            f"{platform.machine()}, {os.cpu_count()} processors, "
            f"Python {platform.python_version()}, Kubernetes {version}"
        )
        for name in given.names or NAMES:
            print(f"\n== {name}", flush=True)
            module = importlib.import_module(f"benchmarks.cluster.{name}")
            reached += module.main(here, options.of(given))
    print("\n== goals")
    print("\n".join(goals.table(reached)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
