"""Every line kept on a volume: of pods that were killed, of runs that have ended or are gone."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from rankzero.plan.kubernetes import helper
from support.home import Said
from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.manifests import claim
from .team import ROLE, Team

#: Longer than a helper's way from its creation to its lines.
_PATIENCE = 120.0
_LIVE = """
import time, rankzero
here = rankzero.context()
print("up", flush=True)
print("rank", here.rank, "generation", here.generation, flush=True)
time.sleep(3600)
"""
_HELLO = "print('hello')"


@pytest.fixture
def keeping(team: Team) -> Team:
    """A team with a claim for logs that every pod can mount."""
    team.admin.apply(claim("logs"))
    return team


def patient(team: Team, *words: str, **env: str) -> Said:
    return team.start(*words, env=env).wait(_PATIENCE)


def helpers(team: Team) -> list[str]:
    """What is left of helpers."""
    found = team.admin("get", "jobs,pods,configmaps", "-l", helper.LABEL, "-o", "name")
    return found.split()


def gone(team: Team) -> None:
    until(lambda: not helpers(team), "no helper to be left", _PATIENCE)


def ended(team: Team, *options: str) -> str:
    """A run that has ended, and whose pods are gone with their logs."""
    said = patient(team, "run", team.script(_HELLO), *options, "-o", "json")
    assert said.code == 0, said
    run = str(json.loads(said.out.splitlines()[0])["run"])
    until(
        lambda: "Running" not in team.admin("get", "pods", "-l", f"rankzero/run={run}"), "its end"
    )
    return run


def no_more_pods(team: Team) -> None:
    """Until another pod goes, which never starts."""
    waits = {"nodeSelector": {"no": "such"}, "containers": [{"name": "none", "image": "none"}]}
    for kind, name, spec in (
        ("Pod", "other", waits),
        ("ResourceQuota", "one", {"hard": {"pods": "1"}}),
    ):
        team.admin.apply(
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        )


def kill(team: Team, run: str, node: str) -> None:
    """End a node's pod at once; its log goes with it."""
    role, _, index = node.partition("/")
    selector = f"rankzero/role={role},batch.kubernetes.io/job-completion-index={index}"
    team.admin(
        "delete", "pod", "-l", f"rankzero/run={run},{selector}", "--grace-period=0", "--force"
    )


def test_lines_of_a_killed_pod_are_there_now_later_and_when_the_run_is_gone(
    keeping: Team,
) -> None:
    team = keeping
    options = ("--nodes", "2", "--max-restarts", "3", "--log-volume", "logs")
    run = team.running(_LIVE, *options, ranks=2)
    until(
        lambda: team.call("logs", run, "--node", "worker/1").out.count("generation") == 1,
        "its first line",
    )
    kill(team, run, "worker/1")

    def lines(*words: str) -> list[str]:
        said = patient(team, "logs", run, "--node", "worker/1", *words)
        assert said.code == 0, said
        return [line for line in said.out.splitlines() if "generation" in line]

    both = ["[1] rank 1 generation 1", "[1] rank 1 generation 2"]
    until(lambda: lines() == both, "lines of both pods", _PATIENCE)
    assert helpers(team) == [], "while a pod runs, it is asked"
    following = team.start("logs", run, "--node", "worker/1", "--follow")
    following.until_said(both[1])
    assert [line for line in following.out.splitlines() if "generation" in line] == both

    assert patient(team, "stop", run).code == 0
    assert patient(team, "wait", run).code == 1
    team.admin("delete", "pods", "-l", f"rankzero/run={run}", "--grace-period=0", "--force")
    assert lines() == both
    gone(team)

    said = patient(team, "delete", run)
    assert f"rankzero logs {run} --log-volume logs" in said.err, said
    until(lambda: run not in team.call("list").out, "the run to be gone")
    image = team.env["RANKZERO_IMAGE"]
    assert lines("--log-volume", "logs", "--image", image) == both
    # All nodes, as programs read them.
    said = patient(team, "logs", run, "--log-volume", "logs", "-o", "json")
    assert said.out.count('"worker/0"') >= 4, said
    gone(team)


def test_two_runs_on_one_volume_have_lines_of_their_own(keeping: Team) -> None:
    runs = [ended(keeping, "--log-volume", "logs", "--name", name) for name in ("one", "two")]
    keeping.admin("delete", "jobs", "-l", "rankzero/part=coordinator")
    for run in runs:
        said = patient(keeping, "logs", run, "--log-volume", "logs")
        assert (said.code, said.out) == (0, "[0] hello\n"), said
    said = patient(keeping, "logs", "other-0000", "--log-volume", "logs")
    assert said.code == 3, said
    assert "the volume has no lines of other-0000" in said.err
    assert all(run in said.err for run in runs)
    gone(keeping)


def test_who_may_not_make_a_helper_is_told_the_right_and_gets_what_pods_have(
    keeping: Team, user: Callable[..., Kubectl]
) -> None:
    run = ended(keeping, "--log-volume", "logs")
    rules: list[dict[str, Any]] = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "create"]}
        if rule["resources"] == ["jobs"]
        else rule
        for rule in ROLE["rules"]
    ]
    looker = user(keeping.namespace, {"rules": rules}).kubeconfig
    said = patient(keeping, "logs", run, KUBECONFIG=str(looker))
    assert (said.code, said.out) == (3, "[0] hello\n"), said
    assert "cannot look at the volume logs, which takes a helper pod: may not create" in said.err
    assert 'cannot create resource "jobs"' in said.err
    assert "rankzero doctor --rbac" in said.err
    assert len(said.err.splitlines()) == 2, said.err
    assert helpers(keeping) == []


def test_a_claim_that_is_not_there_is_said_at_once_and_nothing_is_left(team: Team) -> None:
    said = patient(team, "logs", "any-0000", "--log-volume", "nowhere", "--wait", "10m")
    assert said.code == 3, said
    assert 'its helper pod did not start: there is no claim "nowhere"' in said.err
    gone(team)


def test_a_helper_that_does_not_start_is_explained_after_its_time(keeping: Team) -> None:
    run = ended(keeping, "--log-volume", "logs")
    no_more_pods(keeping)
    said = patient(keeping, "logs", run, "--wait", "15s")
    assert (said.code, said.out) == (3, "[0] hello\n"), said
    assert "cannot look at the volume logs: its helper pod did not start" in said.err
    assert "quota" in said.err
    gone(keeping)


def test_a_command_that_is_killed_leaves_a_helper_that_goes_with_the_run(keeping: Team) -> None:
    run = ended(keeping, "--log-volume", "logs")
    no_more_pods(keeping)
    command = keeping.start("logs", run, "--wait", "10m")
    until(lambda: helpers(keeping), "a helper")
    command.signal(signal.SIGKILL)
    command.process.wait()
    assert helpers(keeping)
    assert keeping.call("delete", run).code == 0
    gone(keeping)
