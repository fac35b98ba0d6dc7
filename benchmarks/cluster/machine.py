"""A machine that is switched off for good under an attached run, until the next step elsewhere.

The peers that a Job, JobSet or an operator are wait for the machine itself: for them there is no
such figure.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

from tests.cluster.lab import namespaces, power
from tests.cluster.lab.shell import LabError, until

from benchmarks.cluster.goals import Goal
from benchmarks.cluster.options import Options
from benchmarks.cluster.place import Place, Said
from rankzero.agent.healing.pods import INDEX

SCRIPT = "outlives.py"
#: The machine that goes; the lab's first one answers its services.
NODE, OFF = "node1", 1
#: How long a cluster may take to give a machine up (seconds).
_PATIENCE = 300
_TRIES = 10


class Moments(NamedTuple):
    """In seconds since the epoch. marked: the cluster says that the machine does not answer;
    evicted: that its pods are to go; taken: the attached command has taken the node from it; step:
    the next step, of ranks that are elsewhere."""

    off: float
    marked: float
    evicted: float
    taken: float
    step: float

    @property
    def parts(self) -> list[float]:
        """How long each took, after the one before."""
        return [later - earlier for earlier, later in pairwise(self)]


NAMES = ("marked as silent", "given up (toleration)", "taken from it", "next step")


def main(place: Place, options: Options) -> list[Goal]:
    if not namespaces.runs(NODE):
        print("only the lab has machines that can be switched off")
        return []
    rounds = options.rounds_or(3)
    print(f"a machine switched off under 2 ranks, until the next step, {rounds} rounds")
    taken = [measured(place) for _ in range(rounds)]
    print(f"  {'':24}{'median':>9} s")
    for name, parts in zip(NAMES, zip(*(one.parts for one in taken), strict=True), strict=True):
        print(f"  {name:24}{statistics.median(parts):9.1f}")
    whole = statistics.median(one.step - one.off for one in taken)
    own = statistics.median(one.step - one.evicted for one in taken)
    return [
        Goal("a machine off for good until the next step", whole, "<=", 60, "s", 1),
        Goal("of this, after the cluster gave it up", own, "<=", 10, "s", 1),
    ]


def measured(place: Place) -> Moments:
    with ThreadPoolExecutor(1) as pool, _attached(place, pool) as (pod, watching):
        off = time.time()
        power.off(OFF)
        try:
            marked = _waited(place, f"node/{NODE}", "condition=Ready=Unknown")
            evicted = _waited(place, f"pod/{pod}", "jsonpath={.metadata.deletionTimestamp}")
            said = watching.result(_PATIENCE)
        finally:
            power.on(OFF)
    place.rankzero("delete", said.run)
    return Moments(off, marked, evicted, said.when(f"{NODE} is dead"), steps(said.text)[-1])


def steps(output: str) -> list[float]:
    """When each generation did its first step."""
    return [float(found) for found in re.findall(r"step at ([0-9.]+)", output)]


@contextmanager
def _attached(place: Place, pool: ThreadPoolExecutor) -> Iterator[tuple[str, Future[Said]]]:
    """A run whose second node is on the machine that will go: that node's pod, and the command."""
    folder = place.code(SCRIPT)
    for _ in range(_TRIES):  # the scheduler spreads them, and does not say which goes where
        options = ("--nodes", 2, "--max-restarts", 1, "--image", place.needs_torch())
        watching = pool.submit(place.rankzero, "run", SCRIPT, *options, cwd=folder)
        try:
            until("both ranks' first step", lambda: _stepping(place), _PATIENCE)
        except LabError:
            place.admin("delete", "jobs", "--all")  # or the command goes on for ever
            raise
        (second,) = (one for one in _pods(place) if one["metadata"]["labels"][INDEX] == "1")
        if second["spec"]["nodeName"] == NODE:
            yield second["metadata"]["name"], watching
            return
        run = second["metadata"]["labels"]["rankzero/run"]
        place.rankzero("stop", run, "--grace", 0)
        watching.exception()  # it was stopped: that is no success
        place.rankzero("delete", run)
    raise SystemExit(f"the second node never came to {NODE}")


def _stepping(place: Place) -> bool:
    """Whether the run's pods are both there, and a step was done."""
    pods = _pods(place)
    said = "".join(place.admin("logs", one["metadata"]["name"]) for one in pods)
    return len(pods) == 2 and "step at" in said


def _pods(place: Place) -> list[Any]:
    """Those that run, and are to."""
    pods = place.admin.get("pods", "--field-selector", "status.phase=Running")["items"]
    return [one for one in pods if "deletionTimestamp" not in one["metadata"]]


def _waited(place: Place, what: str, state: str) -> float:
    place.admin("wait", what, f"--for={state}", f"--timeout={_PATIENCE}s", seconds=_PATIENCE + 10)
    return time.time()
