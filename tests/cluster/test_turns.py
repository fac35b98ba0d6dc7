"""Runs that get half of what they need, and hold it: none blocks another one for ever."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator

import pytest

from support.home import Command
from support.waiting import until

from .lab.target import Cluster
from .team import Team

PATIENCE = 120
Halves = Callable[[], tuple[Command, Command]]


class Scarce:
    """Things of which the cluster has one each, `left` on one machine, `right` and `key` on the
    other: a run that wants several can have half of them."""

    def __init__(self, cluster: Cluster) -> None:
        mark = secrets.token_hex(4)
        self._cluster = cluster
        self.left, self.right, self.key = (
            f"rz-test-{mark}.example/{what}" for what in ("left", "right", "key")
        )
        one, other = (one["metadata"]["name"] for one in cluster.kubectl.get("nodes")["items"][:2])
        self._on = {self.left: one, self.right: other, self.key: other}
        self.has(self.left, "1")

    def has(self, name: str, count: str | None) -> None:
        """How many of it its machine offers; None: it knows it no more."""
        told = {name: count}
        patch = json.dumps({"status": {"capacity": told, "allocatable": told}})
        how = ("--subresource=status", "--type=merge", "-p", patch)
        self._cluster.kubectl("patch", "node", self._on[name], *how)

    def close(self) -> None:
        for name in self._on:
            self.has(name, None)


@pytest.fixture
def scarce(lab: Cluster) -> Iterator[Scarce]:
    made = Scarce(lab)
    yield made
    made.close()


JOB = """
run: train.py
name: {name}
wait: 40
roles:
  left: {{nodes: 1, resources: {{{left}: "1"}}}}
  right: {{nodes: 1, resources: {right}}}
"""


def job(team: Team, name: str, left: str, *right: str) -> str:
    """A job of two pods, each of which wants one of these."""
    team.script("print('trained', flush=True)")
    file = team.work / f"{name}.yaml"
    file.write_text(JOB.format(name=name, left=left, right=json.dumps(dict.fromkeys(right, "1"))))
    return str(file)


def placed(team: Team, run: str) -> int:
    pods = team.admin.get("pods", "-l", f"rankzero/run={run}")["items"]
    return sum(1 for one in pods if one["spec"].get("nodeName"))


def named(team: Team, name: str) -> str:
    """The run of this job, once there is one."""

    def found() -> str:
        items = team.admin.get("jobs", "-l", "rankzero/run")["items"]
        runs = {one["metadata"]["labels"]["rankzero/run"] for one in items}
        return next((run for run in runs if run.startswith(f"{name}-")), "")

    return until(found, f"a run of {name}")


def refused(team: Team, run: str) -> bool:
    return team.admin("get", "pods", "-l", f"rankzero/run={run}", "-o", "yaml").count("Insuff") > 1


@pytest.fixture
def halves(team: Team, scarce: Scarce) -> Halves:
    """Two runs, the older one first, each of which holds what the other one waits for."""

    def start() -> tuple[Command, Command]:
        want = job(team, "older", scarce.left, scarce.right, scarce.key)
        older = team.start("run", want, "--no-preflight")
        first = named(team, "older")
        until(lambda: placed(team, first) == 1, "half of the older one to be placed")
        want = job(team, "younger", scarce.left, scarce.right)
        younger = team.start("run", want, "--no-preflight")
        second = named(team, "younger")
        until(lambda: refused(team, second), "the younger one to be refused")
        scarce.has(scarce.right, "1")
        until(lambda: placed(team, second) == 1, "the younger one to hold what the older one wants")
        scarce.has(scarce.key, "1")
        return older, younger

    return start


def test_two_runs_that_hold_what_the_other_wants_both_train(team: Team, halves: Halves) -> None:
    older, younger = halves()
    first = named(team, "older")
    done = [one.wait(PATIENCE) for one in (older, younger)]
    assert [one.code for one in done] == [0, 0], done
    assert [one.out.count("trained") for one in done] == [2, 2]
    assert f"gives 1 of its 2 nodes back and waits for its turn: {first} came first" in done[1].err
    assert "it is its turn" in done[1].err
    assert "turn" not in done[0].err


def test_one_in_line_is_told_and_begins_again_once_somebody_watches_it(
    team: Team, scarce: Scarce, halves: Halves
) -> None:
    """Its watcher is killed, so nobody is left who would have it begin again."""
    older, younger = halves()
    scarce.has(scarce.key, "0")  # so that the older one keeps waiting
    first, second = named(team, "older"), named(team, "younger")
    until(lambda: held(team, second), "the younger one to step back")
    until(lambda: placed(team, second) == 0, "its nodes to be given back")
    younger.process.kill()
    younger.wait(PATIENCE)
    said = team.call("why", second)
    assert f"it waits for its turn: {first} came first" in said.out, said
    assert f"{first} came first" in team.call("list").out

    scarce.has(scarce.key, "1")
    assert older.wait(PATIENCE).code == 0
    assert held(team, second)
    done = team.start("attach", second).wait(PATIENCE)

    assert done.code == 0, done
    assert done.out.count("trained") == 2


def held(team: Team, run: str) -> bool:
    jobs = team.admin.get("jobs", "-l", f"rankzero/run={run}")["items"]
    return all(one["spec"].get("suspend") for one in jobs)


def test_what_never_came_is_let_go_when_a_run_is_stopped(team: Team, scarce: Scarce) -> None:
    """Else it would come one day, and hold what others wait for."""
    scarce.has(scarce.right, "0")
    team.start("run", job(team, "halves", scarce.left, scarce.right), "--no-preflight", "--detach")
    run = named(team, "halves")
    until(lambda: placed(team, run) == 1, "half of it to be placed")
    assert team.call("stop", run).code == 0
    until(lambda: not waiting(team, run), "the other half to be let go")


def test_the_same_of_nodes_of_one_job(team: Team, scarce: Scarce) -> None:
    file = team.work / "pair.yaml"
    team.script("print()")
    file.write_text(f"run: train.py\nnodes: 2\nresources: {{{scarce.left}: '1'}}\n")
    team.start("run", str(file), "--no-preflight", "--detach")
    run = named(team, "train")
    until(lambda: placed(team, run) == 1, "one of two to be placed")
    assert team.call("stop", run).code == 0
    until(lambda: not waiting(team, run), "the other one to be let go")


def waiting(team: Team, run: str) -> list[str]:
    """Its pods that nobody has placed, and that are not on their way out."""
    pods = team.admin.get("pods", "-l", f"rankzero/run={run}")["items"]
    kept = (one for one in pods if "deletionTimestamp" not in one["metadata"])
    return [one["metadata"]["name"] for one in kept if not one["spec"].get("nodeName")]
