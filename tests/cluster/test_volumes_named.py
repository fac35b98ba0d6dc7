"""Volumes with names: made by a job, proven beforehand, filled and emptied from here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.waiting import until

from .lab.kubectl import Kubectl
from .lab.storage import ONCE
from .lab.target import Cluster
from .team import ROLE, Team
from .test_volumes_logs import gone, patient

_OWN = """
import os, pathlib, rankzero
rank = os.environ["RANKZERO_RANK"]
pathlib.Path(os.environ["RANKZERO_RANK_OUTPUTS"], "weights").write_text(rank)
print(sorted(os.listdir(os.environ["RANKZERO_VOLUME_DATA"])), os.path.isdir("/scratch"))
"""
_JOB = """
run: train.py
nodes: 2
volumes:
  data: {size: 10Mi, path: /data}
  scratch: {size: 10Mi, path: /scratch, keep: false}
output_volume: data
"""
_HOLDS = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def guarded(
    cluster: Cluster,
    new_namespace: Callable[..., str],
    user: Callable[..., Kubectl],
    tmp_path: Path,
) -> Team:
    """A team in a namespace that lets in only what Pod Security calls restricted."""
    namespace = new_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    config = user(namespace, ROLE).kubeconfig
    return Team(tmp_path / "team", config, cluster.kubectl.within(namespace), cluster.python)


def names(team: Team) -> set[str]:
    found = json.loads(team.call("volume", "list", "-o", "json").out)["volumes"]
    return {one["volume"] for one in found}


def test_a_job_makes_its_volumes_takes_its_own_along_and_finds_what_was_put(
    guarded: Team,
) -> None:
    team = guarded
    (team.work / "in").mkdir(parents=True)
    (team.work / "in" / "big").write_bytes(b"x" * 3_000_000)
    said = team.call("volume", "create", "data", "--size", "10Mi", "--access", "many")
    assert (said.code, said.out) == (0, "made data\n"), said
    said = patient(team, "volume", "put", "in", "data:/")
    assert (said.code, said.out) == (0, "data:/: 1 file, 3.0 MB\n"), said

    team.script(_OWN)
    said = patient(team, "run", team.script(_JOB, "job.yaml"))
    assert said.code == 0, said
    assert "[1] ['big', " in said.out
    run = json.loads(team.call("list", "-o", "json").out)["runs"][0]["run"]
    assert names(team) == {"data", f"{run}-scratch"}

    said = patient(team, "volume", "get", f"data:/{run}/outputs", "back")
    assert said.code == 0, said
    for rank in "01":
        assert (team.work / "back" / "ranks" / rank / "weights").read_text() == rank
    assert team.call("delete", run).code == 0
    until(lambda: names(team) == {"data"}, "the run's own volume to go", 60)
    # One that is there is never changed.
    team.script(_JOB.replace("data: {size: 10Mi", "data: {size: 20Mi"), "job.yaml")
    said = team.call("run", "job.yaml")
    assert said.code == 3, said
    assert 'the volume "data" is there already, and has 10Mi, not 20Mi' in said.err
    assert team.call("volume", "delete", "data").code == 0
    gone(team)


def test_many_writers_of_a_class_for_one_machine_are_told_before_the_run(
    lab: Cluster, team: Team
) -> None:
    said = patient(team, "volume", "check", "--class", ONCE, "--access", "many")
    assert said.code == 3, said
    assert f"{ONCE} gives no ReadWriteMany volume of 1Gi" in said.err
    assert f"class {ONCE} has no ReadWriteMany" in said.err

    team.script(_OWN)
    job = _JOB.replace("data: {size: 10Mi", f"data: {{size: 10Mi, class: {ONCE}")
    said = patient(team, "run", team.script(job, "job.yaml"))
    assert said.code == 3, said
    assert 'the volume "data" cannot be made ReadWriteMany, so nothing was started' in said.err
    assert "access: once" in said.err
    until(lambda: names(team) == set(), "nothing to be left", 60)
    gone(team)


def test_a_volume_that_a_pod_has_on_one_machine_is_reached_there(lab: Cluster, team: Team) -> None:
    made = team.call("volume", "create", "disk", "--size", "10Mi", "--class", ONCE)
    assert made.code == 0, made
    run = team.running(_HOLDS, "--volume", "disk:/disk")
    (team.work / "in").write_text("one")

    said = patient(team, "volume", "put", "in", "disk:/a/b")

    assert (said.code, said.out) == (0, "disk:/a/b: 1 file, 3 B\n"), said
    there = team.call("exec", run, "--", "cat", "/disk/a/b")
    assert there.out == "one", there
    said = team.call("volume", "delete", "disk")
    assert (said.code, f"in use by {run}" in said.err) == (2, True), said


def test_who_made_a_claim_counts_and_a_class_that_gives_is_proven(team: Team) -> None:
    said = patient(team, "volume", "check", "--size", "10Mi", "-o", "json")
    assert said.code == 0, said
    assert json.loads(said.out)["access"] == "ReadWriteOnce"
    until(lambda: names(team) == set(), "a check to leave nothing", 60)
    team.admin.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "theirs"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "10Mi"}},
            },
        }
    )
    said = team.call("volume", "delete", "theirs")
    assert (said.code, "rankzero has not made the volume theirs" in said.err) == (2, True), said
    assert team.call("volume", "delete", "theirs", "--force").code == 0
    gone(team)


def test_a_volume_whose_class_is_not_there_is_not_made(cluster: Cluster, team: Team) -> None:
    asked = ("volume", "create", "lost", "--size", "10Mi", "--class", "nosuch")
    admin = {"KUBECONFIG": str(cluster.kubeconfig), "RANKZERO_NAMESPACE": team.namespace}
    said = team.call(*asked, env=admin)
    assert said.code == 3, said
    assert '"nosuch", which is not there; nothing was made' in said.err
    assert names(team) == set()

    # Who may not look at classes is told that it is not known, and that the volume waits.
    said = team.call(*asked)
    assert (said.code, said.out) == (0, "made lost\n"), said
    assert "note: pending; whether its class is there is not known" in said.err
