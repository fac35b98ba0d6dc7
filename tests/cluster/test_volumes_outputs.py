"""Outputs that stay on a volume, fetched by a helper when no pod is left."""

from __future__ import annotations

import json

import pytest

from support.waiting import until

from .lab.manifests import claim
from .team import Team
from .test_volumes_logs import gone, helpers, patient

_WRITES = """
import os, pathlib
here = pathlib.Path(os.environ["RANKZERO_OUTPUTS"])
rank = os.environ["RANKZERO_RANK"]
(here / "models").mkdir(exist_ok=True)
(here / "models" / ("rank-" + rank + ".bin")).write_bytes(rank.encode() * 300_000)
print("wrote", rank)
"""
_JOB = """
run: train.py
nodes: 2
volumes:
  results: {claim: results, path: /results, sub_path: team}
output_volume: results
"""


@pytest.fixture
def keeping(team: Team) -> Team:
    team.admin.apply(claim("results"))
    return team


def whole(team: Team, folder: str) -> bool:
    """Whether all that both ranks have written is here."""
    models = team.work / folder / "models"
    return all(
        (models / f"rank-{rank}.bin").read_bytes() == str(rank).encode() * 300_000
        for rank in range(2)
    )


def submitted(team: Team) -> str:
    said = team.call("list", "-o", "json")
    assert said.code == 0, said
    return str(json.loads(said.out)["runs"][0]["run"])


def test_outputs_stay_and_are_fetched_when_the_pods_are_gone(keeping: Team) -> None:
    team = keeping
    said = patient(team, "run", team.script(_WRITES), "--nodes", "2", "--output-volume", "results")
    assert said.code == 0, said
    run = submitted(team)
    assert "outputs on volume results" in said.err
    assert f"outputs: volume:results/{run}/outputs; fetch: rankzero outputs {run}" in said.err
    assert not (team.work / "outputs").exists(), "they stay there"
    until(
        lambda: "Running" not in team.admin("get", "pods", "-l", f"rankzero/run={run}"), "its end"
    )
    team.admin("delete", "pods", "-l", f"rankzero/run={run}")

    said = patient(team, "outputs", run, "--to", "back")
    assert (said.code, said.out) == (0, "back\n"), said
    assert whole(team, "back")
    gone(team)

    # A second time nothing travels, and the home folder is the default.
    said = patient(team, "outputs", run)
    assert said.code == 0, said
    assert whole(team, f"outputs/{run}")

    assert team.call("delete", run).code == 0
    until(lambda: run not in team.call("list").out, "the run to be gone")
    said = patient(team, "outputs", run, "--output-volume", "results", "--to", "again")
    assert said.code == 0, said
    assert whole(team, "again")
    gone(team)


def test_a_declared_volume_with_a_folder_in_it(keeping: Team) -> None:
    team = keeping
    # The folder in the volume is whoever's it was made by: here of the job's own user.
    prepare = "import os; os.makedirs('/all/team', exist_ok=True)"
    done = patient(team, "run", team.script(prepare, "make.py"), "--volume", "results:/all")
    assert done.code == 0, done
    team.script(_WRITES)
    said = patient(team, "run", team.script(_JOB, "job.yaml"))
    assert said.code == 0, said
    run = submitted(team)
    said = patient(team, "delete", run)
    option = "--output-volume results/team"
    assert f"rankzero outputs {run} {option}" in said.err, said
    said = patient(team, "outputs", run, *option.split(), "--to", "back")
    assert said.code == 0, said
    assert whole(team, "back")
    gone(team)


def test_outputs_of_a_run_that_left_none_there(keeping: Team) -> None:
    said = patient(keeping, "outputs", "other-0000", "--output-volume", "results", "--to", "x")
    assert said.code == 3, said
    assert "the volume has no outputs of other-0000" in said.err
    assert not (keeping.work / "x").exists()
    gone(keeping)
    assert helpers(keeping) == []
