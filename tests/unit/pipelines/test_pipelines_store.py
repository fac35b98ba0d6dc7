"""Artifacts by their content, and the cache."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from rankzero.agent.artifacts import LONGEST_VALUE, BadOutput, measured, value
from rankzero.driver.facts import Output
from rankzero.pipelines import content
from rankzero.pipelines.store import Store


@pytest.fixture
def artifacts(tmp_path: Path) -> Store:
    return Store(tmp_path / "artifacts")


def folder(path: Path, **files: str) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def test_equal_contents_are_there_once(tmp_path: Path, artifacts: Store) -> None:
    one = artifacts.take(folder(tmp_path / "one", a="1", b="22"))
    same = artifacts.take(folder(tmp_path / "two", b="22", a="1"))
    assert one == same
    assert one.size == 3
    assert sorted(os.listdir(one.where)) == ["a", "b"]
    assert artifacts.take(folder(tmp_path / "three", a="1", b="23")) != one


@pytest.mark.parametrize(
    ("first", "second"),
    [({"a": "bc"}, {"ab": "c"}), ({"a": "", "b": "x"}, {"a": "x", "b": ""}), ({}, {"a": ""})],
)
def test_what_is_alike_but_not_equal_has_another_digest(
    tmp_path: Path, first: dict[str, str], second: dict[str, str]
) -> None:
    one, two = folder(tmp_path / "1", **first), folder(tmp_path / "2", **second)
    assert measured(str(one))[0] != measured(str(two))[0]


def test_a_file_and_a_folder_are_told_apart_and_a_program_from_its_text(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "program").write_text("")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "folder").mkdir()
    digests = {measured(str(tmp_path / name))[0] for name in ("file", "program", "folder")}
    assert len(digests) == 3


def test_an_artifact_is_sealed(tmp_path: Path, artifacts: Store) -> None:
    taken = artifacts.take(folder(tmp_path / "one", a="1"))
    for path in (Path(taken.where), Path(taken.where, "a")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    content.remove(Path(taken.where))
    assert not Path(taken.where).exists()


def test_links_and_pipes_are_no_artifacts(tmp_path: Path, artifacts: Store) -> None:
    link = folder(tmp_path / "link")
    (link / "out").symlink_to("/etc")
    for target in ("/etc", "../elsewhere", "inner/../../x"):
        (link / "out").unlink()
        (link / "out").symlink_to(target)
        with pytest.raises(BadOutput, match="holds out, which is neither a file nor a folder in"):
            artifacts.take(link)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadOutput, match="holds pipe, which is neither"):
        artifacts.take(tmp_path / "pipe")
    assert link.exists(), "it is left where it was"


def test_links_within_an_artifact_are_kept(tmp_path: Path, artifacts: Store) -> None:
    made = folder(tmp_path / "model", weights="1")
    (made / "latest").symlink_to("weights")
    (made / "inner").mkdir()
    (made / "inner" / "up").symlink_to("../weights")
    before = measured(str(made))
    taken = artifacts.take(made)
    assert (taken.digest, taken.size) == before
    assert (Path(taken.where) / "inner" / "up").read_text() == "1"
    assert os.access(Path(taken.where), os.R_OK)


def test_a_link_to_an_artifact_hands_it_on(tmp_path: Path, artifacts: Store) -> None:
    taken = artifacts.take(folder(tmp_path / "one", a="1"))
    (tmp_path / "again").symlink_to(taken.where)
    assert artifacts.take(tmp_path / "again") == taken
    assert Path(taken.where, "a").exists()
    (tmp_path / "elsewhere").symlink_to("/etc/hostname")
    with pytest.raises(BadOutput):
        artifacts.take(tmp_path / "elsewhere")


def test_a_value_is_a_short_text(tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("0.93\n")
    assert value(str(path)).value == "0.93"
    path.write_text("two\nlines\n\n")
    assert value(str(path)).value == "two\nlines\n"
    path.write_bytes(b"\xff")
    with pytest.raises(BadOutput, match="no file with UTF-8 text"):
        value(str(path))
    path.write_bytes(b"x" * (LONGEST_VALUE + 1))
    with pytest.raises(BadOutput, match="longer than 32 KiB"):
        value(str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(BadOutput, match="no file"):
        value(str(path))


def test_the_cache_knows_only_what_is_still_there(tmp_path: Path, artifacts: Store) -> None:
    taken = artifacts.take(folder(tmp_path / "one", a="1"))
    outputs = {"model": taken, "score": Output("d", value="1")}
    artifacts.keep("key", outputs)
    assert artifacts.find("key") == outputs
    assert artifacts.find("other") is None

    content.remove(Path(taken.where))
    assert artifacts.find("key") is None
    assert artifacts.sweep(set()) == 0
    assert not list((tmp_path / "artifacts" / "keys").iterdir())


def test_a_damaged_cache_only_costs_time(tmp_path: Path, artifacts: Store) -> None:
    artifacts.keep("key", {"score": Output("d", value="1")})
    (file,) = (tmp_path / "artifacts" / "keys").iterdir()
    for text in ("", "[]", '{"score": 1}', '{"score": {"no": 1}}'):
        file.write_text(text)
        assert artifacts.find("key") is None
