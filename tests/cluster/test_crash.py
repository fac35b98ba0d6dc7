"""SIGKILL for the command line at each of its calls, and runs that somebody else takes away."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.waiting import until

from .killing import killed_at
from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import ROLE, Team

_SLEEP = "import time; print('here', flush=True); time.sleep(600)"
_ROLES = """
name: two
run: sleep.py
roles: {ps: {nodes: 1}, worker: {nodes: 1}}
"""
_KINDS = "jobs,pods,services,secrets,configmaps"
#: More calls than any command makes.
_MANY = 60
#: How long the garbage collector may take for a handful of runs (seconds).
_COLLECTED = 120
_KILLED = -signal.SIGKILL


@pytest.fixture(params=["before", "after"])
def when(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def job(team: Team) -> str:
    team.script(_SLEEP, "sleep.py")
    team.script(_ROLES, "job.yaml")
    return "job.yaml"


def objects(team: Team) -> list[str]:
    """What of any run is there."""
    found = team.admin("get", _KINDS, "-l", "app.kubernetes.io/managed-by=rankzero", "-o", "name")
    return found.split()


def runs(team: Team) -> dict[str, str]:
    """The runs that `list` shows, with their states."""
    said = team.call("list", "-o", "json")
    assert (said.code, said.err) == (0, ""), said
    return {run["run"]: run["state"] for run in json.loads(said.out)["runs"]}


def of_run(team: Team) -> set[str]:
    """The runs that anything belongs to."""
    every = team.admin.get(_KINDS, "-l", "app.kubernetes.io/managed-by=rankzero")["items"]
    return {one["metadata"]["labels"]["rankzero/run"] for one in every}


def nothing_left(team: Team) -> None:
    until(lambda: not objects(team), "everything to be collected", _COLLECTED)


def test_a_submission_that_is_killed_leaves_what_can_be_deleted(
    team: Team, job: str, when: str
) -> None:
    submission = ("run", job, "--detach", "--no-preflight")  # whose calls store nothing
    for call in itertools.count(1):
        assert call < _MANY
        said = team.call(*submission, env=killed_at(team.work.parent, when, call))
        assert of_run(team) == set(runs(team)), f"{when} call {call}"
        if said.code != _KILLED:
            break
    assert (said.code, said.out.strip() in runs(team)) == (0, True), said
    assert call > 6, "a Job, a Service, a Secret, two ConfigMaps, a Job, and its start"
    said = team.call("delete", "--all", "--force")
    assert said.code == 0, said
    nothing_left(team)


def test_a_stop_that_is_killed_can_be_said_again(team: Team, job: str, when: str) -> None:
    """Of a run that has not begun: its Jobs ask for nothing any more, one by one."""
    (team.work / "job.yaml").write_text(_ROLES + "image: nowhere.invalid/none:1\n")
    run = team.call("run", job, "--detach").out.strip()
    for call in itertools.count(1):
        assert call < _MANY
        said = team.call("stop", run, env=killed_at(team.work.parent, when, call))
        jobs = team.admin.get("jobs", "-l", f"rankzero/run={run}")["items"]
        silent = all(one["spec"]["parallelism"] == 0 for one in jobs)
        assert (runs(team)[run] == "stopped") <= silent, f"{when} call {call}"
        if said.code != _KILLED:
            break
    assert (said.code, silent, runs(team)) == (0, True, {run: "stopped"}), said
    until(lambda: not team.admin.get("pods")["items"], "its pods to end")
    assert "stopped before it was done (rankzero stop)" in team.call("why", run).out


def test_a_deletion_that_is_killed_can_be_said_again(team: Team, when: str) -> None:
    run = team.call("run", team.script("print('done')"), "--detach").out.strip()
    assert team.call("wait", run).code == 0
    for call in itertools.count(1):
        assert call < _MANY
        said = team.call("delete", run, env=killed_at(team.work.parent, when, call))
        if said.code != _KILLED:
            break
        assert runs(team) in ({run: "succeeded"}, {}), f"{when} call {call}"
    gone = (2, f'There is no run "{run}".')
    assert said.code == 0 or (said.code, said.err.splitlines()[0]) == gone, said
    nothing_left(team)


def test_a_run_deleted_while_it_is_attached(team: Team) -> None:
    attached = team.start("run", team.script(_SLEEP), "--grace", "1")
    attached.until_said("here")
    (run,) = runs(team)
    team.admin("delete", "job", "-l", f"rankzero/run={run}", "--wait=false")
    said = attached.wait()
    assert (said.code, said.out) == (3, "[0] here\n"), said
    assert f"{run} was deleted while it was watched." in said.err
    assert "Traceback" not in said.err
    nothing_left(team)


def test_a_namespace_deleted_under_a_run(
    cluster: Cluster, new_namespace: Callable[..., str], team: Team
) -> None:
    name = new_namespace()
    admin = {"KUBECONFIG": str(cluster.kubeconfig)}
    attached = team.start("run", team.script(_SLEEP), "--grace", "1", "-N", name, env=admin)
    attached.until_said("here")
    # A namespace alone may never go (`conftest.new_namespace` says why).
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    cluster.kubectl.within(name)("delete", "jobs", "--all", "--wait=false")
    said = attached.wait()
    assert (said.code, said.out) == (3, "[0] here\n"), said
    assert "was deleted while it was watched." in said.err


@pytest.fixture
def colleague(
    team: Team, cluster: Cluster, user: Callable[..., Kubectl], tmp_path: Path
) -> Iterator[Team]:
    """Somebody else at another machine, in the same namespace."""
    config = user(team.namespace, ROLE).kubeconfig
    made = Team(tmp_path / "colleague", config, team.admin, cluster.python)
    yield made
    made.close()


def test_two_users_with_the_same_name_at_the_same_time(team: Team, colleague: Team) -> None:
    script = "import os; print('mine is', os.environ['RANKZERO_RUN'])"
    started = [one.start("run", one.script(script), "--name", "same") for one in (team, colleague)]
    said = [one.wait() for one in started]
    assert [one.code for one in said] == [0, 0], said
    assert len({one.out for one in said}) == 2
    assert {f"[0] mine is {run}\n" for run in runs(team)} == {one.out for one in said}
    assert runs(team) == runs(colleague)
