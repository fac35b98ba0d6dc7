"""Pipelines on a cluster that a command drives, with a user's rights and no account."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.manifests import claim
from .lab.target import Cluster
from .piping import PATIENCE, events, rules, run, written
from .team import Team
from .test_pipelines import DIGITS, SLOW, TRAIN

CLIENT = ("--driver", "client")
LASTING = SLOW.replace("sleep 5", "exec sleep 3600")


@pytest.fixture
def piping(
    cluster: Cluster, namespace: str, user: Callable[..., Kubectl], tmp_path: Path
) -> Iterator[Team]:
    """A team that may drive pipelines itself, and can give nobody any rights."""
    given = rules("--pipelines", "--client")
    assert not {"serviceaccounts", "roles", "rolebindings"} & {
        resource for rule in given for resource in rule["resources"]
    }
    config = user(namespace, {"rules": given}).kubeconfig
    made = Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)
    made.admin.apply(claim("shared"))
    yield made
    made.close()


def status(team: Team, name: str) -> dict[str, Any]:
    said = team.call("pipeline", "status", name, "-o", "json")
    found: dict[str, Any] = json.loads(said.out)["pipelines"][0]
    return found


def steps(team: Team) -> list[tuple[str, str | None]]:
    return [(one["kind"], one.get("step")) for one in events(team)]


def first_job(team: Team, name: str) -> dict[str, Any]:
    return dict(team.admin.get("job", f"{name}-driver"))


def begun(team: Team, text: str) -> tuple[str, Any]:
    """A pipeline whose first step runs, and the command that drives it."""
    driving = team.start("pipeline", "run", written(team, text), *CLIENT)
    driving.until_said("[first] begun", PATIENCE)
    said = team.call("pipeline", "list", "-o", "json")
    (one,) = json.loads(said.out)["pipelines"]
    assert one["driven"]
    return one["run"], driving


@pytest.mark.timeout(400)
def test_a_user_who_may_make_no_account_runs_a_pipeline(piping: Team) -> None:
    piping.script(TRAIN)
    refused = run(piping, DIGITS)
    assert refused.code == 3, refused
    assert "--driver client" in refused.err
    unchecked = run(piping, DIGITS, "--no-preflight")
    assert unchecked.code == 3, unchecked
    assert "--driver client" in unchecked.err
    apart = run(piping, DIGITS, *CLIENT, "--detach")
    assert apart.code == 2, apart
    assert "--detach: where a client drives a pipeline" in apart.err

    said = run(piping, DIGITS, *CLIENT)
    assert said.code == 0, said
    assert "[report] weights of 2 [10, 20]" in said.out.splitlines()
    assert "never is left out" in said.err
    kinds = [one["kind"] for one in events(piping)]
    assert (kinds.count("started"), kinds.count("committed")) == (5, 5)
    name = str(status(piping, "-")["run"])
    job = first_job(piping, name)
    assert "succeeded" not in job["status"]
    until(lambda: ended(piping, name), "the first Job to end")
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
    made = piping.admin("get", "serviceaccounts,roles,rolebindings", "-o", "name")
    assert "digits" not in made
    fetched = piping.start("pipeline", "outputs", "-", "--to", "../got").wait(PATIENCE)
    assert fetched.code == 0, fetched
    assert (piping.work / ".." / "got" / "train" / "model").read_text() == "weights of 2"

    again = run(piping, DIGITS, *CLIENT)
    assert again.code == 0, again
    cached = {one["step"]: one["cached"] for one in status(piping, "-")["steps"]}
    assert cached == {"load": 1, "train": 1, "each": 2, "report": 1, "never": 0}
    assert piping.call("pipeline", "delete", "--all").code == 0
    until(
        lambda: "digits" not in piping.admin("get", "jobs,pods,configmaps,secrets", "-o", "name"),
        "all of it to be gone",
    )


def ended(team: Team, name: str) -> bool:
    conditions = first_job(team, name)["status"].get("conditions") or ()
    return any(one["type"] == "Failed" and one["status"] == "True" for one in conditions)


@pytest.mark.timeout(400)
def test_what_a_killed_client_had_begun_is_found_by_the_next_one(piping: Team) -> None:
    name, driving = begun(piping, SLOW)
    driving.signal(signal.SIGKILL)
    driving.wait()
    found = status(piping, name)
    assert (found["state"], found["driven"]) == ("running", False)
    why = piping.call("pipeline", "why", name).out
    assert f"go on with it: rankzero pipeline resume {name}" in why
    assert "cut off" in piping.call("pipeline", "list").out
    assert first_job(piping, name)["spec"]["suspend"]

    resumed = piping.elsewhere("pipeline", "resume", name).wait(PATIENCE)
    assert resumed.code == 0, resumed
    assert "[second] second" in resumed.out
    assert steps(piping) == [
        ("started", "first"),
        ("committed", "first"),
        ("started", "second"),
        ("committed", "second"),
        ("finished", None),
    ]
    assert piping.call("pipeline", "logs", name).out.splitlines() == [
        "[first] begun",
        "[first] done",
        "[second] second",
    ]
    until(lambda: ended(piping, name), "the first Job to end")


@pytest.mark.timeout(400)
def test_a_second_client_takes_over_from_one_that_lives(piping: Team) -> None:
    name, driving = begun(piping, SLOW.replace("sleep 5", "sleep 20"))
    assert "process" in status(piping, name)["driver"]
    seen = piping.elsewhere("pipeline", "status", name).wait(PATIENCE).out
    assert "whether it is still there cannot be seen from here" in seen

    second = piping.elsewhere("pipeline", "resume", name)
    left = driving.wait(PATIENCE)
    assert left.code == 3, left
    assert f"another client drives {name} by now" in left.err
    assert second.wait(PATIENCE).code == 0
    assert [kind for kind, _ in steps(piping)].count("started") == 2


@pytest.mark.timeout(400)
def test_one_who_is_asked_to_leaves_it_to_others_and_ctrl_c_stops_it(piping: Team) -> None:
    name, driving = begun(piping, LASTING)
    watching = piping.start("pipeline", "attach", name)
    watching.until_said("[first] begun", PATIENCE)
    driving.signal(signal.SIGTERM)
    left = driving.wait()
    assert left.code == 128 + signal.SIGTERM
    assert f"The rest: rankzero pipeline resume {name}" in left.err
    assert f"nobody drives {name} any more" in watching.wait().err, "and who looks is told"
    assert not status(piping, name)["driven"]

    again = piping.start("pipeline", "resume", name)
    again.until_said("[first] begun", PATIENCE)
    again.signal(signal.SIGINT)
    stopped = again.wait(PATIENCE)
    assert stopped.code == 130, stopped
    found = status(piping, name)
    assert (found["state"], found["why"]) == ("stopped", "Ctrl-C")
    until(lambda: ended(piping, name), "the first Job to end")


@pytest.mark.timeout(400)
def test_one_that_nobody_drives_is_stopped_all_the_same(piping: Team) -> None:
    name, driving = begun(piping, LASTING)
    driving.signal(signal.SIGKILL)
    driving.wait()
    said = piping.elsewhere("pipeline", "stop", name).wait(PATIENCE)
    assert said.code == 0, said
    assert "stopped" in said.out
    until(
        lambda: "Running" not in piping.admin("get", "pods", "-l", f"rankzero/pipeline={name}"),
        "its pods to end",
        PATIENCE,
    )
    assert "it was stopped by rankzero pipeline stop" in piping.call("pipeline", "why", name).out
    until(lambda: ended(piping, name), "the first Job to end")
    over = piping.call("pipeline", "resume", name)
    assert over.code == 2, over
