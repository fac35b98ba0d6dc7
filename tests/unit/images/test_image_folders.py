"""A folder that was laid on an image and gathered on a node is the folder that it was."""

from __future__ import annotations

import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankzero.agent.layers import gather
from rankzero.agent.unpack import Unpackable
from rankzero.code.choice import choose
from rankzero.images import folders
from rankzero.images.cache import Cache
from rankzero.plan.model import LayeredPart

NAMES = st.text("ab.é \udcff", min_size=1, max_size=4).filter(lambda name: name.strip("."))
#: Some are large, and come to lie in another layer.
FILES = st.tuples(st.sampled_from([0, 3, 70_000]), st.booleans())
TREES = st.dictionaries(st.tuples(st.sampled_from(["", "x/", "x/y/"]), NAMES), FILES, max_size=8)


def mounted(root: Path, at: Path) -> tuple[LayeredPart, ...]:
    """The layers as a pod's file system shows them, and what they are."""
    cache = Cache(at / "cache")
    laid = folders.lay(choose(root, (), ()).items, "/layers", cache, lambda layer: False)
    for one in laid:
        with tarfile.open(cache.file(one.digest), errors="surrogateescape") as archive:
            archive.extractall(at / "image")
    return laid


def gathered(laid: tuple[LayeredPart, ...], at: Path) -> Path:
    into = at / "run" / "work"
    into.parent.mkdir(exist_ok=True)
    gather(str(at / "image" / "layers"), [one.folder for one in laid], "d" * 64, str(into))
    return into


def listed(root: Path) -> dict[str, tuple[object, bool]]:
    return {
        str(path.relative_to(root)): (
            str(path.readlink()) if path.is_symlink() else path.read_bytes(),
            os.access(path, os.X_OK),
        )
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@settings(max_examples=40, deadline=None)
@given(TREES)
def test_it_is_the_same_there(tree: dict[tuple[str, str], tuple[int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        at, root = Path(scratch), Path(scratch, "work")
        root.mkdir()
        for (folder, name), (size, executable) in tree.items():
            path = root / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_dir():
                path.write_bytes(name.encode(errors="surrogateescape") * size)
                path.chmod(0o755 if executable else 0o644)
        laid = mounted(root, at)
        if laid:
            assert listed(gathered(laid, at)) == listed(root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    (made / "data").mkdir(parents=True)
    (made / "data" / "set").write_bytes(bytes(70_000))
    (made / "train.py").write_text("print(1)\n")
    (made / "link").symlink_to("data")
    (made / "short").symlink_to("data/set")
    return made


def test_links_stay_links_also_to_what_is_in_another_layer(root: Path, tmp_path: Path) -> None:
    into = gathered(mounted(root, tmp_path), tmp_path)
    assert listed(into) == listed(root)
    assert (into / "short").read_bytes() == bytes(70_000)


def test_ranks_own_it_and_find_it_again_as_they_left_it(root: Path, tmp_path: Path) -> None:
    laid = mounted(root, tmp_path)
    for path in (tmp_path / "image").rglob("*"):
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    into = gathered(laid, tmp_path)
    (into / "train.py").write_text("print(2)\n")
    (into / "data" / "more").write_text("more")
    assert gathered(laid, tmp_path) == into
    assert (into / "train.py").read_text() == "print(2)\n"
    for path in (tmp_path / "image").rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def test_an_image_with_other_code_is_told_and_nothing_is_left(root: Path, tmp_path: Path) -> None:
    laid = mounted(root, tmp_path)
    (root / "train.py").write_text("print(2)\n")
    other = tmp_path / "other"
    other.mkdir()
    changed = mounted(root, other)
    (tmp_path / "run").mkdir()
    with pytest.raises(Unpackable, match="does not hold the run's code") as told:
        gathered((laid[0], changed[1]), tmp_path)
    assert changed[1].folder in str(told.value) and laid[0].folder not in str(told.value)
    assert not list((tmp_path / "run").iterdir())
