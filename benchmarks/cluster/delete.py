"""What `delete` leaves: objects of every kind that the cluster knows."""

from __future__ import annotations

import contextlib
import time

from tests.cluster.lab.kubectl import Kubectl
from tests.cluster.lab.shell import LabError, until

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place

SCRIPT = "ends.py"
#: How long the garbage collector may work after the command has left (seconds).
_PATIENCE = 60


def main(place: Place, _options: Options) -> list[Goal]:
    kinds = listable(place.admin)
    before = objects(place.admin, kinds)
    folder = place.code(SCRIPT)
    run = place.rankzero("run", SCRIPT, "--nodes", 2, "--image", place.python, cwd=folder).run
    made = objects(place.admin, kinds) - before

    def left() -> set[str]:
        """What was not there before, and whatever carries the run's label."""
        labelled = objects(place.admin, kinds, "--selector", f"rankzero/run={run}")
        return (objects(place.admin, kinds) - before) | labelled

    place.rankzero("delete", run)
    began = time.time()
    with contextlib.suppress(LabError):  # then there is a count of what is left
        until(f"what {run} left to go", lambda: not left(), _PATIENCE)
    seconds, rest = time.time() - began, left()
    print(f"the run was {len(made)} objects, of {len(kinds)} kinds that were looked at")
    print("".join(f"  {name}\n" for name in sorted(made)), end="")
    print(f"{len(rest)} left, {seconds:.1f} s after the command: {', '.join(sorted(rest)) or '-'}")
    return [Goal("objects left after delete", len(rest), "=", 0, digits=0)]


def listable(kubectl: Kubectl) -> list[str]:
    """Every kind that lies in namespaces and can be listed. Events are no objects of a run: they
    are the cluster's diary, and go by themselves."""
    said = kubectl("api-resources", "--verbs=list", "--namespaced", "-o", "name")
    return [kind for kind in said.split() if not kind.startswith("events")]


def objects(kubectl: Kubectl, kinds: list[str], *selector: str) -> set[str]:
    """`KIND/NAME` of all that there is of these kinds."""
    said = kubectl("get", ",".join(kinds), "--ignore-not-found", "-o", "name", *selector)
    return set(said.split())
