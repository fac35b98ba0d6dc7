"""Before a model server is started in a pod: whether its model is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.agent.server import missing_model


@pytest.fixture
def volume(tmp_path: Path) -> str:
    (tmp_path / "digits" / "1").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.pt").touch()
    return str(tmp_path)


@pytest.mark.parametrize("inner", ["", "digits", "digits/1", "model.pt"])
def test_a_model_that_is_there_is_no_news(volume: str, inner: str) -> None:
    assert missing_model(volume, inner, "volume models") == ""


@pytest.mark.parametrize(
    ("inner", "there"),
    [
        ("digit", "there is: digits, empty, model.pt"),
        ("digit/1/2", "there is: digits, empty, model.pt"),
        ("digits/2", "in digits there is: 1"),
        ("empty/a/b", "in empty there is: nothing"),
        ("model.pt/a", "there is: digits, empty, model.pt"),
    ],
)
def test_beside_one_that_is_not_there_is_named_what_is(volume: str, inner: str, there: str) -> None:
    said = missing_model(volume, inner, "volume models")

    assert said == f"there is no {inner} in volume models; {there}"


def test_of_many_neighbours_some_are_named(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"m{number:02}").touch()

    assert missing_model(str(tmp_path), "x", "image i:1").endswith("m08, m09, ...")
