"""A machine that will go, and runs that have a node on it, for tests of what becomes of them."""

from __future__ import annotations

from typing import Any

from .team import Team

#: The machine, and its number in the lab.
NODE, OFF = "node1", 1
#: As everybody who looks at runs, and no more.
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
    for _ in range(12):  # the scheduler spreads them; which one goes where it does not say
        started = team.call("run", team.script(job, "job.yaml"), "--detach")
        assert started.code == 0, started
        run = started.out.strip()
        team.until_logged(run, "up 1\n", 2)
        where = machines(team, run)
        if where == {held: NODE, 1 - held: "node0"}:
            return run
        team.call("delete", run, "--force")
    raise AssertionError(f"the nodes were never where they should be: {where}")


def machines(team: Team, run: str) -> dict[int, str]:
    return {number(pod): pod["spec"].get("nodeName", "") for pod in pods(team, run)}


def pods(team: Team, run: str) -> list[Any]:
    return list(team.admin.get("pods", "-l", f"rankzero/run={run}")["items"])


def number(pod: Any) -> int:
    return int(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])
