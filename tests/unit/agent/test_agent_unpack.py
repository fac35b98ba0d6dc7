"""The code on a node: only what was sent becomes files, all of it or nothing, inside its folder."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero.agent import unpack as unpacking
from rankzero.agent.unpack import Unpackable, unpack
from support.interpreters import extremes

SOURCES = str(Path(unpacking.__file__).parents[2])


class Node:
    """A folder of mounted parts, and the place where the code shall lie."""

    def __init__(self, folder: Path) -> None:
        self.parts = folder / "parts"
        self.into = folder / "run" / "work"
        self.parts.mkdir()
        self.digest = ""

    def mount(self, packed: bytes, size: int = 100) -> Node:
        """As Kubernetes does it: links into a folder of its own, beside the part's name."""
        hidden = self.parts / "..2024_01_01"
        hidden.mkdir(exist_ok=True)
        for number, at in enumerate(range(0, len(packed), size)):
            (hidden / f"{number:03}").write_bytes(packed[at : at + size])
            (self.parts / f"{number:03}").symlink_to(f"..data/{number:03}")
        (self.parts / "..data").symlink_to(hidden.name)
        self.digest = hashlib.sha256(packed).hexdigest()
        return self

    def unpack(self) -> None:
        unpack(str(self.parts), self.digest, str(self.into))

    def beside(self) -> set[str]:
        """What lies beside the folder."""
        above = self.into.parent
        return {path.name for path in above.iterdir()} if above.exists() else set()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def entry(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def packed(*entries: tarfile.TarInfo, content: bytes = b"content", form: int = tarfile.GNU_FORMAT):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=form) as archive:
        for info in entries:
            info.size = len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(whole.getvalue(), mtime=0)


def link(name: str, target: str) -> tarfile.TarInfo:
    return entry(name, type=tarfile.SYMTYPE, linkname=target)


def test_files_links_and_modes(node: Node) -> None:
    entries = [
        entry("train.py"),
        entry("bin/go", mode=0o777),
        entry("a/b/c/deep.py", mode=0o000),
        link("a/up", "../bin"),
        link("a/b/go", "../../bin/go"),
        link("all", "."),
    ]
    node.mount(packed(*entries)).unpack()

    assert (node.into / "train.py").read_bytes() == b"content"
    assert (node.into / "a/up/go").read_bytes() == b"content"
    assert os.readlink(node.into / "a/b/go") == "../../bin/go"
    assert (node.into / "all/train.py").is_file()
    modes = [stat.S_IMODE((node.into / n).stat().st_mode) for n in ("bin/go", "a/b/c/deep.py")]
    assert modes == [0o755, 0o644]
    assert node.beside() == {"work", "work.unpacked"}


def test_parts_are_joined_in_the_order_of_their_numbers(node: Node) -> None:
    content = os.urandom(3000)
    node.mount(packed(entry("weights"), content=content), size=100)
    assert len(list(node.parts.glob("[0-9]*"))) > 20
    (node.parts / "README").write_text("no part")
    node.unpack()
    assert (node.into / "weights").read_bytes() == content


def test_a_second_call_changes_nothing_that_ranks_have_written(node: Node) -> None:
    node.mount(packed(entry("train.py"))).unpack()
    (node.into / "train.py").write_text("mine")
    (node.into / "checkpoint").touch()
    for part in node.parts.glob("[0-9]*"):
        part.unlink()  # a finished folder is not even compared with its parts
    node.unpack()
    assert (node.into / "train.py").read_text() == "mine"
    assert (node.into / "checkpoint").exists()


def test_an_empty_folder_is_taken(node: Node) -> None:
    node.into.mkdir(parents=True)
    node.mount(packed(entry("train.py"))).unpack()
    assert os.listdir(node.into) == ["train.py"]


def test_a_trailing_slash_is_no_matter(node: Node) -> None:
    node.mount(packed(entry("train.py")))
    unpack(f"{node.parts}/", node.digest, f"{node.into}/")
    assert node.beside() == {"work", "work.unpacked"}


def test_no_file_at_all_is_an_empty_folder(node: Node) -> None:
    node.mount(packed()).unpack()
    assert os.listdir(node.into) == []
    node.unpack()


# -- a call that was cut off


def test_what_a_killed_call_left_is_no_hindrance(node: Node) -> None:
    node.mount(packed(entry("train.py")))
    draft = node.into.with_name("work.unpacking")
    draft.mkdir(parents=True)
    (draft / "train.py").write_text("half")
    (draft / "stale").touch()
    node.unpack()
    assert os.listdir(node.into) == ["train.py"]
    assert node.beside() == {"work", "work.unpacked"}


KILLED = """
import os, sys
from rankzero.agent.unpack import unpack
left = int(sys.argv[4])

def audit(event, args):
    # Every change of the file system is announced before it happens; end before the n-th.
    global left
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if writes or event in ("os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.symlink"):
        left -= 1
        if left < 0:
            os._exit(9)

sys.addaudithook(audit)
unpack(*sys.argv[1:4])
"""


def test_a_call_that_is_killed_at_any_change_can_be_repeated(node: Node, tmp_path: Path) -> None:
    node.mount(packed(entry("train.py"), entry("lab/net.py"), link("net", "lab/net.py")))
    env = {**os.environ, "PYTHONPATH": SOURCES}
    codes = []
    while 0 not in codes:
        assert len(codes) < 50
        into = tmp_path / f"try-{len(codes)}" / "work"
        into.mkdir(parents=True)
        argv = [sys.executable, "-c", KILLED, node.parts, node.digest, into, str(len(codes))]
        codes.append(subprocess.run(argv, env=env, check=False).returncode)

        unpack(str(node.parts), node.digest, str(into))
        assert sorted(os.listdir(into)) == ["lab", "net", "train.py"]
        assert (into / "net").read_bytes() == b"content"
        assert {path.name for path in into.parent.iterdir()} == {"work", "work.unpacked"}
    assert set(codes) == {9, 0}
    assert len(codes) > 8


# -- what is not what was sent


def lose_a_part(node: Node) -> None:
    (node.parts / "000").unlink()


def change_a_part(node: Node) -> None:
    (node.parts / "000").unlink()
    (node.parts / "000").write_bytes(b"\x1f\x8b")


def swap_parts(node: Node) -> None:
    (node.parts / "000").rename(node.parts / "999")


def lose_all(node: Node) -> None:
    for part in node.parts.glob("[0-9]*"):
        part.unlink()


@pytest.mark.parametrize("harm", [lose_a_part, change_a_part, swap_parts, lose_all])
def test_other_bytes_are_refused_before_anything_is_written(
    node: Node, harm: Callable[[Node], None]
) -> None:
    node.mount(packed(entry("train.py"), content=os.urandom(500)))
    harm(node)
    with pytest.raises(Unpackable, match=r"not what was sent.*missing or was changed"):
        node.unpack()
    assert not node.into.parent.exists()


def test_parts_that_are_not_mounted(node: Node) -> None:
    node.parts.rmdir()
    with pytest.raises(Unpackable, match="cannot read the code"):
        node.unpack()


def test_endless_parts(node: Node) -> None:
    (node.parts / "000").symlink_to("/dev/zero")
    with pytest.raises(Unpackable, match="too large"):
        node.unpack()


@pytest.mark.parametrize("cut", [0, 5, 30, 200])
def test_an_archive_that_was_sent_broken(node: Node, cut: int) -> None:
    whole = packed(entry("train.py"), content=os.urandom(200))
    node.mount(whole[:cut])
    with pytest.raises(Unpackable, match=r"no \.tar\.gz, or a broken one"):
        node.unpack()
    assert node.beside() == set()


# -- hostile archives


HOSTILE = {
    "absolute": [entry("/etc/cron.d/x")],
    "up": [entry("../x")],
    "up inside": [entry("a/../../x")],
    "up but inside": [entry("a/../x")],
    "dot": [entry("./x")],
    "nothing": [entry("a//x")],
    "no name": [entry("")],
    "twice": [entry("x"), entry("x")],
    "file as folder": [entry("x"), entry("x/y")],
    "folder, then file": [entry("x/y"), entry("x")],
    "through a link": [link("x", "a"), entry("x/y")],
    "through a link that comes later": [entry("x/y"), link("x", "a")],
    "link through a link": [link("x", "a"), link("x/y", "b")],
    "link over a file": [entry("x"), link("x", "a")],
    "link to an absolute path": [link("x", "/etc/passwd")],
    "link up": [link("x", "..")],
    "link up from below": [link("a/x", "../../y")],
    "link down and up": [link("x", "a/../../y")],
    "link through another one": [link("s/t/a", "../.."), link("c", "s/t/a/../y")],
    "link to nothing": [link("x", "")],
    "link with a hole": [link("x", "a//b")],
    "folder": [entry("x", type=tarfile.DIRTYPE)],
    "hard link": [entry("x"), entry("y", type=tarfile.LNKTYPE, linkname="x")],
    "hard link out": [entry("y", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "character device": [entry("x", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "block device": [entry("x", type=tarfile.BLKTYPE)],
    "pipe": [entry("x", type=tarfile.FIFOTYPE)],
    "unknown type": [entry("x", type=b"Z")],
    "setuid": [entry("x", mode=0o4755)],
    "setgid": [entry("x", mode=0o2755)],
}


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archives_write_nothing(node: Node, kind: str, form: int) -> None:
    good = [entry("first.py"), entry("a/b.py")]
    node.mount(packed(*good, *HOSTILE[kind], form=form))
    with pytest.raises(Unpackable, match="which is refused: ") as caught:
        node.unpack()
    assert "first.py" not in str(caught.value)
    assert node.beside() == set(), "neither the folder nor a marker nor a draft"


ALL_OF_THEM = """
import os, sys
sys.path.insert(0, sys.argv[1])
from rankzero.agent.unpack import Unpackable, unpack
for folder in sys.argv[2:]:
    with open(os.path.join(folder, "digest")) as file:
        digest = file.read()
    try:
        unpack(os.path.join(folder, "parts"), digest, os.path.join(folder, "run", "work"))
        print("unpacked")
    except Unpackable as error:
        print("refused" if "which is refused: " in str(error) else error)
"""


@pytest.mark.parametrize("python", extremes())
def test_the_oldest_and_the_newest_python_agree(python: str, tmp_path: Path) -> None:
    archives = [[entry("é/\udcff"), link("a", "é")], *HOSTILE.values()]
    folders = []
    for number, entries in enumerate(archives):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "digest").write_text(Node(folder).mount(packed(*entries)).digest)
        folders.append(str(folder))

    # In the poorest of environments names must not lose their bytes either.
    argv = [python, "-I", "-S", "-W", "error", "-c", ALL_OF_THEM, SOURCES, *folders]
    done = subprocess.run(argv, env={"LC_ALL": "POSIX"}, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["unpacked", *["refused"] * len(HOSTILE)]
    unpacked = os.fsencode(tmp_path / "0" / "run" / "work")
    assert os.path.exists(unpacked + b"/\xc3\xa9/\xff")
    assert os.path.exists(unpacked + b"/a/\xff")


def test_a_name_with_a_nul(node: Node) -> None:
    hidden = entry("x", pax_headers={"path": "a\0b"})
    node.mount(packed(hidden, form=tarfile.PAX_FORMAT))
    with pytest.raises(Unpackable):
        node.unpack()
    assert node.beside() == set()


def test_a_name_that_is_too_long_for_the_disk(node: Node) -> None:
    node.mount(packed(entry("a" * 300)))
    with pytest.raises(Unpackable, match="cannot be written"):
        node.unpack()
    assert node.beside() == set()


def test_too_many_files(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    node.mount(packed(*(entry(str(number)) for number in range(4))))
    with pytest.raises(Unpackable, match="over 3 files"):
        node.unpack()


def test_a_bomb_is_not_unpacked_to_see_its_end(node: Node) -> None:
    """Its header says how large it is; that the content is not there does not come to light."""
    bomb = entry("zeros", size=1 << 40)
    whole = gzip.compress(bomb.tobuf(tarfile.GNU_FORMAT) + bytes(1024), mtime=0)
    with pytest.raises(Unpackable, match="bytes"):
        node.mount(whole).unpack()
    assert node.beside() == set()


# -- the place


def test_a_folder_that_holds_something_else_is_left_alone(node: Node) -> None:
    node.into.mkdir(parents=True)
    (node.into / "mine").touch()
    node.mount(packed(entry("train.py")))
    with pytest.raises(Unpackable, match="must be absent, or empty"):
        node.unpack()
    assert os.listdir(node.into) == ["mine"]
    assert node.beside() == {"work"}


def test_other_code_does_not_go_over_an_earlier_one(node: Node) -> None:
    node.mount(packed(entry("train.py"))).unpack()
    node.digest = "0" * 64
    with pytest.raises(Unpackable):
        node.unpack()
    assert os.listdir(node.into) == ["train.py"]


def test_the_code_of_a_folder_that_was_removed_comes_again(node: Node) -> None:
    node.mount(packed(entry("train.py"))).unpack()
    (node.into / "train.py").unlink()
    node.into.rmdir()
    node.unpack()
    assert os.listdir(node.into) == ["train.py"]


def test_a_place_that_cannot_be_written(node: Node) -> None:
    node.into = Path("/proc/self/work")
    with pytest.raises(Unpackable, match="cannot be written"):
        node.mount(packed(entry("train.py"))).unpack()
