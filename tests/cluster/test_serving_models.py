"""Models that lie on a volume: put there by hand, or left there by a run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .lab.target import Cluster
from .shared import shared
from .team import ROLE, Team
from .test_serving import opened, predicted, status
from .test_volumes_logs import patient

PREDICTOR = """
class Predictor:
    def load(self, path):
        self.bias = float((path / "bias").read_text())

    def predict(self, batch):
        return [one + self.bias for one in batch]
"""
_TRAINS = """
import rankzero
(rankzero.outputs() / "bias").write_text("100")
"""


@pytest.fixture(scope="module")
def member(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """With the volume `models`, on which are the models `digits` and `other`."""
    with shared(cluster, tmp_path_factory.mktemp("models")) as made:
        team = made.member(ROLE)
        team.script(PREDICTOR, "app.py")
        said = team.call("volume", "create", "models", "--size", "10Mi", "--access", "many")
        assert said.code == 0, said
        for name, bias in (("digits", "40"), ("other", "60")):
            (team.work / name).mkdir()
            (team.work / name / "bias").write_text(bias)
            said = patient(team, "volume", "put", name, f"models:/{name}")
            assert said.code == 0, said
        yield team


def deploy(team: Team, name: str, model: str, *more: str) -> tuple[int, str]:
    how = ("--name", name, "--model", model, "--drain", "0s", *more)
    said = patient(team, "serve", "deploy", "app.py:Predictor", *how)
    return said.code, said.err


def test_a_model_on_a_volume_is_served_and_another_one_is_a_new_version(member: Team) -> None:
    code, said = deploy(member, "app", "volume:models/digits")
    assert code == 0, said
    with opened(member, "app") as url:
        assert predicted(url, 2) == 42

    updated = patient(member, "serve", "update", "app", "--model", "volume:models/other")
    assert updated.code == 0, updated
    assert status(member, "app")["version"] == 2
    with opened(member, "app") as url:
        assert predicted(url, 2) == 62
    assert "volume:models/other" in member.call("serve", "history", "app").out


def test_a_path_that_is_not_there_is_told_with_what_is(member: Team) -> None:
    code, said = deploy(member, "lost", "volume:models/digit")

    assert code == 1, said
    missing = "there is no digit in volume models; there is: digits, other"
    assert missing in said and "rankzero volume put" in said
    assert "goes on trying" in said
    (cause,) = json.loads(member.call("serve", "why", "lost", "-o", "json").out)["causes"]
    assert cause["cause"] == "no-model" and missing in cause["title"]
    assert missing in member.call("serve", "logs", "lost", "--previous").out
    member.call("serve", "delete", "lost")


def test_what_a_run_has_left_on_a_volume_is_served_from_where_its_end_says(member: Team) -> None:
    run = patient(
        member, "run", member.script(_TRAINS), "--nodes", "1", "--output-volume", "models"
    )
    assert run.code == 0, run
    (where,) = [word for word in run.err.split() if word.startswith("volume:models/")]

    code, said = deploy(member, "trained", where.rstrip(";"))
    assert code == 0, said
    with opened(member, "trained") as url:
        assert predicted(url, 2) == 102
