"""A path in a volume never leaves it, and what a volume says of itself is said as data."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankzero.agent import exits, volume
from rankzero.agent.volume import Outside, inside

#: Paths as people write them, and as those do who want to get out. `in` is a folder, `up` and
#: `away` links that lead out, `here` one that does not.
PARTS = st.sampled_from(["", ".", "..", "in", "file", "here", "up", "away", "new", "..."])
PATHS = st.lists(PARTS, max_size=5).map("/".join)


@pytest.fixture(scope="module")
def root() -> Any:
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "volume")
        (made / "in").mkdir(parents=True)
        Path(scratch, "volume-2").mkdir()
        (made / "in" / "file").write_text("x")
        (made / "here").symlink_to("in")
        (made / "in" / "up").symlink_to("../..")
        (made / "away").symlink_to("../volume-2")
        yield made


@settings(max_examples=200, deadline=None)
@given(PATHS)
def test_a_path_is_in_the_volume_or_refused(root: Path, path: str) -> None:
    top = os.path.realpath(root)
    try:
        found = inside(str(root), path)
    except Outside as refused:
        leaves = ".." in path.split("/") or {"up", "away"} & {*path.split("/")}
        assert leaves and path in str(refused)
        return
    assert os.path.realpath(found) == found.rstrip("/")
    assert f"{found.rstrip('/')}/".startswith(f"{top}/")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", ""),
        ("/", "/"),
        ("in//./file", "/in/file"),
        ("/in/", "/in/"),
        ("in/file/", "/in/file"),
        ("here/file", "/in/file"),
        ("new/deep/", "/new/deep/"),
    ],
)
def test_where_a_path_lies(root: Path, path: str, found: str) -> None:
    assert inside(str(root), path) == os.path.realpath(root) + found


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("in/../../x", "in/../../x: a path in a volume has no `..`"),
        ("away/x", "away/x leads out of the volume, to "),
        ("in/up", "in/up leads out of the volume, to "),
    ],
)
@pytest.mark.parametrize("verb", ["give", "take"])
def test_a_path_that_leaves_is_told_whatever_is_wanted(
    root: Path, capsys: pytest.CaptureFixture[str], verb: str, path: str, why: str
) -> None:
    assert volume.main([verb, str(root), path]) == exits.REFUSED
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "refused" and said["why"].startswith(why)


def test_a_volume_that_can_be_written_is_proven_and_keeps_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert volume.main(["prove", str(tmp_path)]) == exits.DONE
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "proven" and said["free"] > 0
    assert list(tmp_path.iterdir()) == []


def test_one_that_cannot_is_told_with_its_file_and_its_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert volume.main(["prove", str(tmp_path / "gone")]) == exits.REFUSED
    said = json.loads(capsys.readouterr().out)
    assert (said["kind"], said["error"], said["full"]) == (
        *("failed", os.strerror(errno.ENOENT)),
        False,
    )
    assert said["file"].startswith(f"{tmp_path}/gone/") and said["free"] > 0


@pytest.mark.parametrize("path", ["", "new", "new/deep/er", "file"])
def test_room_is_that_of_the_file_system_where_a_path_will_lie(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").touch()
    state = os.statvfs(tmp_path)
    most = state.f_blocks * state.f_frsize
    assert 0 < volume.free(str(tmp_path / path)) <= most
    assert volume.free(str(tmp_path) + "/new/") > 0
