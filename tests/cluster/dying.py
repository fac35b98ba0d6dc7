"""A machine that will go, and runs that have a node on it, for tests of what becomes of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .lab.manifests import pod
from .team import Team

#: The machine, and its number in the lab.
NODE, OFF = "node1", 1
#: As everybody who looks at runs, and no more.
#: A pod that only takes room; and how often a placement is tried.
_FILLER, _TRIES = "takes-room", 6
READS_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
JOB = """
name: lasting
run: train.py
max_restarts: 3
grace: 5s
roles:
  worker: {nodes: 2}
"""
WAITS = """
import os, time
print("up", os.environ["RANKZERO_GENERATION"], flush=True)
time.sleep(3000)
"""


def submitted(team: Team, script: str = WAITS, job: str = JOB, held: int = 1) -> str:
    """A run of which the machine that will go has one node, the one of this number."""
    team.script(script)
    for _ in range(_TRIES):
        with leaning(team, NODE if held == 0 else "node0"):  # where the first one goes
            started = team.call("run", team.script(job, "job.yaml"), "--detach")
            assert started.code == 0, started
            run = started.out.strip()
            team.until_logged(run, "up 1\n", 2)
        where = machines(team, run)
        if where == {held: NODE, 1 - held: "node0"}:
            return run
        team.call("delete", run, "--force")
    raise AssertionError(f"the nodes were never where they should be: {where}")


@contextlib.contextmanager
def leaning(team: Team, towards: str) -> Iterator[None]:
    """Within the block the scheduler has a reason to begin with this machine: the other one has
    less to give. Pods of one run it spreads all the same."""
    other = "node0" if towards == NODE else NODE
    asks = {"resources": {"requests": {"cpu": "1200m", "memory": "8Gi"}}}
    team.admin.apply(pod(_FILLER, team.env["RANKZERO_IMAGE"], container=asks, nodeName=other))
    try:
        yield
    finally:
        team.admin("delete", "pod", _FILLER, "--wait=true", "--ignore-not-found")


def machines(team: Team, run: str) -> dict[int, str]:
    return {number(one): one["spec"].get("nodeName", "") for one in pods(team, run)}


def pods(team: Team, run: str) -> list[Any]:
    return list(team.admin.get("pods", "-l", f"rankzero/run={run}")["items"])


def number(one: Any) -> int:
    return int(one["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])
