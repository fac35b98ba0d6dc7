"""A namespace that is deleted under a run: Kubernetes waits for pods that the run's Jobs keep."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.target import Cluster
from .team import ROLE, Team

WAITS = "import time\nprint('up', flush=True)\ntime.sleep(3000)\n"
#: What a busy cluster takes to end two pods, and to be asked about it.
PATIENCE = 120.0


@pytest.fixture
def doomed(
    cluster: Cluster, new_namespace: Callable[..., str], user: Callable[..., Kubectl], tmp_path
):
    """A team whose namespace will go, and that has a run there."""
    name = new_namespace()
    config = user(name, ROLE).kubeconfig
    team = Team(tmp_path / "team", config, cluster.kubectl.within(name), cluster.python)
    run = team.running(WAITS, "--nodes", "2", "--grace", "2s", "--max-restarts", "1", ranks=2)
    yield team, run
    team.close()


def gone(cluster: Cluster, team: Team) -> None:
    until(lambda: not cluster.kubectl.succeeds("get", "namespace", team.namespace), "it", PATIENCE)


def test_why_says_what_lets_it_go(cluster: Cluster, doomed: tuple[Team, str]) -> None:
    team, run = doomed
    cluster.kubectl("delete", "namespace", team.namespace, "--wait=false")

    remedy = f"let go of it: rankzero delete --force {run}"
    until(lambda: remedy in team.call("why", run).out, "the cause", PATIENCE)
    assert cluster.kubectl.succeeds("get", "namespace", team.namespace)

    assert team.call("delete", "--force", run).code == 0
    gone(cluster, team)


def test_whoever_watches_lets_it_go(cluster: Cluster, doomed: tuple[Team, str]) -> None:
    team, run = doomed
    watching = team.start("attach", run)
    watching.until_said("up")

    cluster.kubectl("delete", "namespace", team.namespace, "--wait=false")

    said = watching.wait(PATIENCE)
    assert said.code == 3, said
    assert "its namespace is being deleted" in said.err
    assert f"{run} was deleted while it was watched" in said.err
    gone(cluster, team)
