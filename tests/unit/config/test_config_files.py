"""Which configuration holds: the nearest file upwards, its limits, and the user's own beneath."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.config import Config, read
from rankzero.config import files as config_files
from rankzero.spec.problems import SpecError

BACKENDS = ("local", "kubernetes")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home; the current folder is `lab/digits` in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    here = tmp_path / "lab" / "digits"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def on() -> str | None:
    return read(BACKENDS).on


def profile(name: str) -> str:
    return f'on = "{name}"\n[profiles.{name}]\n'


def test_without_a_file_nothing_is_settled(home: Path) -> None:
    assert read(BACKENDS) == Config()


def test_the_nearest_file_holds_and_the_home_is_the_last_folder(home: Path) -> None:
    write(home.parent / "rankzero.toml", profile("above"))
    try:
        assert on() is None, "a folder above the home is not looked into"
    finally:
        (home.parent / "rankzero.toml").unlink()
    write(home / "rankzero.toml", profile("home"))
    assert on() == "home"
    write(home / "lab" / "pyproject.toml", '[project]\nname = "rankzero-user"\n')
    assert on() == "home", "a pyproject.toml without our table is none of ours"
    text = '[tool.rankzero]\non = "pyproject"\n[tool.rankzero.profiles.pyproject]\n'
    write(home / "lab" / "pyproject.toml", text)
    assert on() == "pyproject"
    write(home / "lab" / "digits" / "rankzero.toml", profile("here"))
    assert on() == "here"


def test_a_repository_is_closed_upwards(home: Path) -> None:
    write(home / "rankzero.toml", profile("home"))
    (home / "lab" / ".git").mkdir()
    assert on() is None
    write(home / "lab" / "rankzero.toml", profile("lab"))
    assert on() == "lab"


def test_nobody_else_says_where_this_users_code_goes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / "rankzero.toml", profile("theirs"))
    owners = {home: 1, home / "lab": 2, home / "lab" / "digits": 2}
    monkeypatch.setattr(
        config_files, "_same_owner", lambda one, other: owners[one] == owners[other]
    )
    assert on() is None


def test_the_users_own_file_lies_beneath(home: Path) -> None:
    write(
        home / "xdg" / "rankzero" / "config.toml",
        """
        on = "lab"
        [defaults]
        max_restarts = 3
        outputs = "results"
        env = {A = "own", B = "own"}
        [profiles.lab]
        context = "own-context"
        namespace = "own"
        [profiles.mine]
        """,
    )
    write(
        home / "lab" / "rankzero.toml",
        """
        [defaults]
        env = {A = "project"}
        workdir = "src"
        [profiles.lab]
        namespace = "project"
        image = "project:1"
        """,
    )
    found = read(BACKENDS)
    assert found.on == "lab"
    assert sorted(found.profiles) == ["lab", "mine"]
    lab = found.profiles["lab"]
    assert (lab.backend, lab.context, lab.namespace) == ("kubernetes", "own-context", "project")
    common = {
        "max_restarts": 3,
        "env": {"A": "project", "B": "own"},
        "outputs": str(home / "xdg" / "rankzero" / "results"),
        "workdir": str(home / "lab" / "src"),
    }
    assert found.defaults_at("local").plain() == common
    assert found.defaults_at("lab").plain() == {**common, "image": "project:1"}


def test_two_files_in_one_folder_are_one_too_many(home: Path) -> None:
    write(home / "lab" / "rankzero.toml", "")
    write(home / "lab" / "pyproject.toml", '[tool.rankzero]\non = "local"\n')
    with pytest.raises(SpecError, match=r"pyproject.toml: there is a ../rankzero.toml beside it"):
        read(BACKENDS)


def test_a_relative_config_home_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    write(home / ".config" / "rankzero" / "config.toml", profile("own"))
    assert on() == "own"
