"""Folders to a volume and back: the agent in a process of its own, over a way that can be cut."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from rankzero.backends.base import Fetching, ignore
from rankzero.backends.local.volumes import Beside
from rankzero.backends.moving import brought, sent
from rankzero.backends.putting import Short
from rankzero.backends.viewer import Lost
from rankzero.errors import BadRequest, Refused
from support.interpreters import extremes

MIB = 1024 * 1024


class Cut(Beside):
    """Loses the connection once so many bytes were sent."""

    def __init__(self, after: int, volume: Path) -> None:
        super().__init__("take", volume, "/to")
        self._after, self.sent = after, 0

    def send(self, data: bytes) -> None:
        self.sent += len(data)
        if self.sent > self._after:
            self.cut()
            raise Lost("cut")
        super().send(data)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder as people have them, with links that stay in it and one that does not."""
    folder = tmp_path / "here"
    (folder / "models" / "empty").mkdir(parents=True)
    (folder / "models" / "big.bin").write_bytes(os.urandom(3 * MIB))
    for name in ("a", "ünter", "run.sh"):
        (folder / name).write_text(name)
    (folder / "run.sh").chmod(0o755)
    (folder / "latest").symlink_to("models/big.bin")
    (tmp_path / "secret").write_text("s")
    (folder / "out").symlink_to(tmp_path / "secret")
    return folder


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "out"
    }


def put(volume: Path, source: Path, path: str = "/to") -> list[Fetching]:
    told: list[Fetching] = []
    sent(partial(Beside, "take", volume, path), source, "v", path, told.append)
    return told


def get(volume: Path, path: str, to: Path) -> None:
    brought(partial(Beside, "give", volume, path), "v", path, to, ignore)


@pytest.mark.parametrize("python", extremes(), ids=lambda path: path.split("/")[-3])
def test_a_folder_goes_and_comes_back_as_it_was(
    python: str, here: Path, volume: Path, tmp_path: Path
) -> None:
    dial = partial(Beside, "take", volume, "/to", python)
    moved = sent(dial, here, "v", "/to", ignore)

    assert (moved.files, moved.skipped) == (4, ("out",))
    assert files(volume / "to") == files(here)
    assert (volume / "to" / "latest").readlink() == Path("models/big.bin")
    assert not os.path.lexists(volume / "to" / "out"), "what a link leads out to stays here"
    give = partial(Beside, "give", volume, "/to", python)
    brought(give, "v", "/to", tmp_path / "back", ignore)
    assert files(tmp_path / "back") == files(here)
    assert (tmp_path / "back" / "models" / "empty").is_dir()
    assert (tmp_path / "back" / "run.sh").stat().st_mode & 0o777 == 0o755


def test_what_was_cut_off_goes_on_where_it_was_and_whole_files_stay(
    here: Path, volume: Path
) -> None:
    ways: list[Cut] = []

    def dial() -> Cut:
        ways.append(Cut(10**9 if ways else 2 * MIB, volume))
        return ways[-1]

    moved = sent(dial, here, "v", "/to", ignore)

    assert files(volume / "to") == files(here)
    assert ways[1].sent < 2 * MIB, "what had come was not sent again"
    (first, *_) = put(volume, here)
    assert first.done == first.total == moved.size, "nothing is sent a second time"


def test_a_command_that_was_killed_is_taken_up_by_the_next(here: Path, volume: Path) -> None:
    with pytest.raises(Refused, match="What has come so far is there"):
        ways = iter([2 * MIB, 0, 0, 0, 0, 0])
        sent(lambda: Cut(next(ways), volume), here, "v", "/to", ignore)
    part = volume / "to" / "models" / ".big.bin.rankzero-part"
    came = part.stat().st_size

    (first, *_) = put(volume, here)

    assert 0 < came <= first.done
    assert files(volume / "to") == files(here)
    assert not part.exists()


def test_a_part_of_another_file_is_found_out(here: Path, volume: Path) -> None:
    (volume / "to" / "models").mkdir(parents=True)
    (volume / "to" / "models" / ".big.bin.rankzero-part").write_bytes(b"x" * 500)
    put(volume, here)
    assert files(volume / "to") == files(here)


def test_a_single_file_gets_a_name_or_goes_into_a_folder(
    here: Path, volume: Path, tmp_path: Path
) -> None:
    for path in ("/new/name", "/folder/", "/folder"):
        put(volume, here / "a", path)
    assert files(volume) == {"folder/a": b"a", "new/name": b"a"}
    get(volume, "/folder/a", tmp_path / "as")
    (tmp_path / "into").mkdir()
    get(volume, "/folder/a", tmp_path / "into")
    assert ((tmp_path / "as").read_text(), files(tmp_path / "into")) == ("a", {"a": b"a"})


@pytest.mark.parametrize("path", ["/../out", "/leads/x", "/leads"])
def test_a_path_that_leaves_the_volume_is_refused(
    path: str, here: Path, volume: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_text("theirs")
    (volume / "leads").symlink_to(tmp_path / "outside")
    before = files(tmp_path / "outside")

    with pytest.raises((BadRequest, Refused), match=r"leads out|no `\.\.`"):
        put(volume, here, path)
    with pytest.raises(Refused, match=r"leads out|no `\.\.`"):
        get(volume, path, tmp_path / "back")

    assert files(tmp_path / "outside") == before
    assert not (tmp_path / "back").exists()


def test_links_that_somebody_has_put_on_a_volume_lead_nowhere(
    here: Path, volume: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (volume / "to").mkdir()
    (volume / "to" / "models").symlink_to(outside)
    (volume / "to" / ".a.rankzero-part").symlink_to(outside / "a")
    with pytest.raises(Refused):
        put(volume, here)
    assert list(outside.iterdir()) == []


def test_a_volume_that_is_full_says_what_came_and_keeps_it(here: Path, small: Path) -> None:
    with pytest.raises(Short) as caught:
        put(small, here)

    said = str(caught.value)
    assert "the volume v is full at models/big.bin" in said
    assert "of 4 files" in said
    assert "of 3.1 MB, marked as a part" in said
    assert "the same command goes on" in said
    assert (small / "to" / "models" / ".big.bin.rankzero-part").stat().st_size > MIB
    assert not (small / "to" / "models" / "big.bin").exists()

    (small / "ballast").unlink()
    (first, *_) = put(small, here)
    assert first.done > MIB
    assert files(small / "to") == files(here)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system that has no room for the folder before its ballast is gone."""
    folder = tmp_path / "small"
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=4m", "rankzero-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("no mount here")
    (folder / "ballast").write_bytes(b"." * 2 * MIB)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def test_what_is_not_there_is_said(here: Path, volume: Path, tmp_path: Path) -> None:
    made: list[Callable[[], object]] = [
        lambda: put(volume, tmp_path / "nowhere"),
        lambda: get(volume, "/nowhere", tmp_path / "back"),
    ]
    for one in made:
        with pytest.raises(BadRequest, match="there is no"):
            one()
