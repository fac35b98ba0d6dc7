"""A folder that travels: the same on the other side, the same bytes each time, and no more."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import stat
import subprocess
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankzero.agent.unpack import MOST_BYTES, unpack
from rankzero.backends.home import no_code
from rankzero.code import choice, shipment, survey
from rankzero.code.ignore import never
from rankzero.code.secrets import is_secret
from rankzero.code.shipment import LIMIT, PART, Shipment, pack
from rankzero.errors import BadRequest, Refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lab = tmp_path / "lab"
    (lab / "net").mkdir(parents=True)
    (lab / "train.py").write_text("import net.model\n")
    (lab / "net" / "model.py").write_text("x = 1\n")
    return lab


def arrived(sent: Shipment, at: Path) -> Path:
    """What becomes of it on a node."""
    parts = at / "parts"
    parts.mkdir(parents=True)
    for number, part in enumerate(sent.parts):
        (parts / f"{number:03}").write_bytes(part)
    unpack(str(parts), sent.digest, str(at / "work"))
    return at / "work"


def listed(root: Path | bytes) -> dict[bytes, tuple[bytes, bool]]:
    """Every file and link: what it holds, and whether it can be executed."""
    root = os.fsencode(root)
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*files, *folders]:
            path = os.path.join(folder, name)
            inner = os.path.relpath(path, root)
            if os.path.islink(path):
                found[inner] = (b"-> " + os.readlink(path), False)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    found[inner] = (file.read(), bool(os.stat(path).st_mode & stat.S_IXUSR))
    return found


def names(root: Path) -> set[str]:
    return {os.fsdecode(name) for name in listed(root)}


# -- there and back


def test_a_folder_arrives(folder: Path, tmp_path: Path) -> None:
    (folder / "go.sh").write_text("#!/bin/sh\n")
    (folder / "go.sh").chmod(0o750)
    sent = pack(folder, "train.py")
    assert (sent.files, sent.size, sent.left_out, sent.notes) == (3, 33, (), ())
    assert sent.digest == hashlib.sha256(b"".join(sent.parts)).hexdigest()
    assert listed(arrived(sent, tmp_path / "node")) == listed(folder)


SEGMENTS = st.binary(min_size=1, max_size=12).map(
    lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"0")
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map(b"/".join)
CONTENT = st.one_of(st.binary(max_size=2000), st.integers(0, 3000).map(bytes))
TREES = st.dictionaries(PATHS, st.tuples(CONTENT, st.booleans()), max_size=12)


def plantable(tree: dict[bytes, tuple[bytes, bool]]) -> dict[bytes, tuple[bytes, bool]]:
    """Without what would not travel, and what a disk could not hold."""
    kept: dict[bytes, tuple[bytes, bool]] = {}
    for path, what in tree.items():
        segments = os.fsdecode(path).split("/")
        odd = {".", "..", ".gitignore", ".rankzeroignore"} & set(segments)
        left_out = is_secret(os.fsdecode(path)) or any(never(s, True) for s in segments)
        clash = any(path.startswith(k + b"/") or k.startswith(path + b"/") for k in kept)
        if not odd and not left_out and not clash:
            kept[path] = what
    return kept


def plant(tree: dict[bytes, tuple[bytes, bool]], root: Path, seed: int) -> None:
    """Write it in some order, with some times and rights that mean nothing."""
    dice = random.Random(seed)
    for path in dice.sample(list(tree), len(tree)):
        content, executable = tree[path]
        target = os.path.join(os.fsencode(root), path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
        os.chmod(target, dice.choice([0o600, 0o644, 0o666]) | (0o100 if executable else 0))
        os.utime(target, (dice.randrange(2**31), dice.randrange(2**31)))


@settings(deadline=None, max_examples=60)
@given(TREES, st.integers(0, 2**32))
def test_whatever_travels_arrives_and_is_packed_alike(tree, seed) -> None:
    tree = plantable(tree)
    with tempfile.TemporaryDirectory() as scratch:
        here, there = Path(scratch, "here"), Path(scratch, "there")
        for root, start in ((here, seed), (there, seed + 1)):
            root.mkdir()
            plant(tree, root, start)
        sent = pack(here)
        assert sent == pack(there), "only names, contents and the executable bit count"
        assert listed(arrived(sent, Path(scratch, "node"))) == tree
        assert (sent.files, sent.size) == (len(tree), sum(len(c) for c, _ in tree.values()))


def test_every_change_changes_the_digest(folder: Path) -> None:
    digests = {pack(folder).digest}
    (folder / "net" / "model.py").write_text("x = 2\n")
    digests.add(pack(folder).digest)
    (folder / "train.py").chmod(0o755)
    digests.add(pack(folder).digest)
    (folder / "train.py").rename(folder / "fit.py")
    digests.add(pack(folder).digest)
    (folder / "link").symlink_to("fit.py")
    digests.add(pack(folder).digest)
    assert len(digests) == 5


def test_large_code_is_cut_into_parts(folder: Path, tmp_path: Path) -> None:
    (folder / "weights").write_bytes(random.Random(0).randbytes(2 * PART + 5))
    sent = pack(folder)
    assert [len(part) for part in sent.parts[:-1]] == [PART, PART]
    assert 0 < len(sent.parts[-1]) <= PART
    assert listed(arrived(sent, tmp_path / "node")) == listed(folder)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sent = pack(tmp_path / "empty")
    assert (sent.files, len(sent.parts)) == (0, 1)
    assert listed(arrived(sent, tmp_path / "node")) == {}


# -- what does not travel


def test_the_same_rules_as_for_a_look(folder: Path, tmp_path: Path) -> None:
    for name in ("data/x.csv", ".git/HEAD", "a.pyc", "out/model", "logs/a.log", "keep.log"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".gitignore").write_text("*.log\ndata/\n")
    (folder / ".rankzeroignore").write_text("!keep.log\n")
    sent = pack(folder, skip=[folder / "out"])
    expected = {".gitignore", ".rankzeroignore", "keep.log", "train.py", "net/model.py"}
    assert names(arrived(sent, tmp_path / "node")) == expected
    seen = survey(folder, skip=[folder / "out"])
    assert (seen.files, seen.size) == (sent.files, sent.size)


def test_secrets_stay_and_are_named(folder: Path, tmp_path: Path) -> None:
    for name in (".env", "net/server.pem", ".aws/credentials"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("hush")
    sent = pack(folder)
    assert sent.left_out == (".aws/credentials", ".env", "net/server.pem")
    assert names(arrived(sent, tmp_path / "node")) == {"train.py", "net/model.py"}


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        ("!server.pem", (".env", "net/.env")),
        ("!.env", ("net/server.pem",)),
        ("!/.env", ("net/.env", "net/server.pem")),
        ("!net/*.pem", (".env", "net/.env")),
        ("!*", (".env", "net/.env", "net/server.pem")),
        ("!net/**", (".env", "net/.env", "net/server.pem")),
        ("*\n!*/\n!net/*", ("net/.env", "net/server.pem")),
        (".env", ("net/server.pem",)),
    ],
)
def test_secrets_that_the_user_names_travel(folder: Path, rules: str, left_out) -> None:
    for name in (".env", "net/.env", "net/server.pem"):
        (folder / name).write_text("not so secret")
    (folder / ".rankzeroignore").write_text(rules)
    assert pack(folder).left_out == left_out


def test_the_script_travels_also_where_it_is_ignored(folder: Path, tmp_path: Path) -> None:
    (folder / "fit.env").write_text("print()")
    (folder / ".gitignore").write_text("*\n")
    sent = pack(folder, "fit.env")
    assert names(arrived(sent, tmp_path / "node")) == {"fit.env"}
    assert sent.left_out == ()


def test_what_a_command_names_travels_also_where_it_is_ignored_but_for_secrets(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("made.json", "made.pem", "train.py"):
        (folder / name).write_text(name)
    (folder / "away").symlink_to("/etc/hostname")
    (folder / ".gitignore").write_text("*\n")
    sent = pack(folder, words=["made.json", "made.pem", "nowhere", "away"])
    assert names(arrived(sent, tmp_path / "node")) == {"made.json"}
    assert (sent.left_out, sent.notes) == (("made.pem",), ("away (a link out of the folder)",))


def test_every_script_travels_and_the_heaviest_are_named_first(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "serve.py").write_text("print('served')")
    (folder / ".gitignore").write_text("*.py\n")
    sent = pack(folder, "train.py", "serve.py")
    assert names(arrived(sent, tmp_path / "node")) == {"train.py", "serve.py", ".gitignore"}
    assert sent.largest == (("train.py", 17), ("serve.py", 15), (".gitignore", 5))


def test_a_script_below_a_link(folder: Path, tmp_path: Path) -> None:
    (folder / "now").symlink_to("net")
    sent = pack(folder, "now/model.py")
    assert (arrived(sent, tmp_path / "node") / "now/model.py").read_text() == "x = 1\n"


def test_a_script_of_the_image(folder: Path) -> None:
    assert pack(folder, "/opt/not/here.py") == pack(folder)


def test_a_script_that_is_a_link_out_of_the_folder_travels_as_that_file(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "shared.py").write_text("print('shared')")
    (folder / "near.py").symlink_to("../shared.py")
    (folder / "fit.py").symlink_to("near.py")
    sent = pack(folder, "fit.py")
    fit = arrived(sent, tmp_path / "node") / "fit.py"
    assert not fit.is_symlink()
    assert fit.read_text() == "print('shared')"
    assert sent.notes == ("near.py (a link out of the folder)",)


def test_a_link_that_leads_out_is_not_followed_for_a_line_in_an_ignore_file(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("hush")
    (folder / "notes").symlink_to("../secret")
    (folder / ".rankzeroignore").write_text("!notes\n")
    assert pack(folder).notes == ("notes (a link out of the folder)",)


@pytest.mark.parametrize("way", ["../fit.py", "elsewhere/fit.py"])
def test_a_script_outside_is_refused(folder: Path, way: str) -> None:
    (folder.parent / "fit.py").touch()
    (folder / "elsewhere").symlink_to("..")
    with pytest.raises(BadRequest, match=r"lies outside of .*lab") as caught:
        pack(folder, way)
    assert "--workdir" in caught.value.hint


# -- links


def test_links_to_what_travels_stay_links(folder: Path, tmp_path: Path) -> None:
    (folder / "fit.py").symlink_to(folder / "train.py")
    (folder / "chain").symlink_to("fit.py")
    (folder / "deep").mkdir()
    (folder / "deep" / "net").symlink_to("../net")
    (folder / "deep" / "m.py").symlink_to("net/model.py")
    (folder / "self").symlink_to(".")
    work = arrived(pack(folder), tmp_path / "node")

    assert os.readlink(work / "fit.py") == "train.py"
    assert os.readlink(work / "chain") == "train.py"
    assert os.readlink(work / "deep" / "net") == "../net"
    assert os.readlink(work / "deep" / "m.py") == "../net/model.py"
    assert (work / "self" / "deep" / "net" / "model.py").read_text() == "x = 1\n"


def test_a_link_to_a_file_that_does_not_travel_by_itself_becomes_that_file(
    folder: Path, tmp_path: Path
) -> None:
    (folder / ".gitignore").write_text("local/\n")
    (folder / "local").mkdir()
    (folder / "local" / "a.yaml").write_text("a: 1")
    (folder / "config.yaml").symlink_to("local/a.yaml")
    (folder / "settings").symlink_to("local")
    sent = pack(folder)
    config = arrived(sent, tmp_path / "node") / "config.yaml"
    assert not config.is_symlink()
    assert config.read_text() == "a: 1"
    assert sent.notes == ("settings (a link to a folder that stays here)",)


def test_links_out_of_the_folder_and_to_nothing_are_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    (folder / "a").symlink_to("../secret")
    (folder / "b").symlink_to(tmp_path)
    (folder / "c").symlink_to("nowhere")
    (folder / "d").symlink_to("d")
    sent = pack(folder)
    assert sent.notes == (
        "a (a link out of the folder)",
        "b (a link out of the folder)",
        "c (a link to nothing)",
        "d (a link to nothing)",
    )
    assert names(arrived(sent, tmp_path / "node")) == {"train.py", "net/model.py"}


def test_a_secret_does_not_leave_by_a_link(folder: Path) -> None:
    (folder / ".env").write_text("hush")
    (folder / "settings").symlink_to(".env")
    assert pack(folder).left_out == (".env", "settings")
    (folder / ".rankzeroignore").write_text("!settings\n")
    assert pack(folder).left_out == (".env",)


def test_what_is_no_file_is_passed_over(folder: Path) -> None:
    before = pack(folder)
    os.mkfifo(folder / "pipe")
    (folder / "to pipe").symlink_to("pipe")
    (folder / "nothing in it").mkdir()
    assert pack(folder) == before


def test_a_folder_that_is_itself_reached_by_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(folder)
    (folder / "fit.py").symlink_to("train.py")
    assert pack(tmp_path / "way", "train.py") == pack(folder, "train.py")


# -- limits


def test_200_mb_are_refused_unread(folder: Path) -> None:
    (folder / "data").mkdir()
    for number in range(4):
        with open(folder / "data" / f"{number}.bin", "wb") as file:
            file.truncate(50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as caught:
            pack(folder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert "200.0 MB in 6 files, and the limit is 128 MiB of content" in message
    assert "data/ 200.0 MB" in message
    assert ".rankzeroignore" in message
    assert peak < 10_000_000


def test_what_does_not_compress_is_noticed_at_the_limit(folder: Path) -> None:
    noise = random.Random(1).randbytes(1 << 20)
    with open(folder / "model.ckpt", "wb") as file:
        for _ in range(17):
            file.write(noise)
        file.truncate(MOST_BYTES - 1000)  # zeros that nobody needs to read
    assert LIMIT < 17 << 20
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match=r"the limit is 16 MiB compressed.*model\.ckpt 134\.2 MB"):
            pack(folder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * LIMIT


def test_too_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "MOST_FILES", 20)
    (folder / "data").mkdir()
    for number in range(30):
        (folder / "data" / str(number)).touch()
    with pytest.raises(Refused, match=r"too many files.*20.*data/ "):
        pack(folder)
    (folder / ".rankzeroignore").write_text("data/*\n")
    assert pack(folder).files == 3, "what is ignored does not count"


# -- a folder that cannot be read, or does not hold still


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"cannot read .*nowhere.*No such file"):
        pack(tmp_path / "nowhere")


@contextlib.contextmanager
def without_roots_rights() -> Iterator[None]:
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("closed", ["train.py", "net"])
def test_what_may_not_be_read_is_refused_by_name(closed: str) -> None:
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = Path(scratch)
        folder.chmod(0o755)
        (folder / "net").mkdir()
        (folder / "net" / "model.py").touch()
        (folder / "train.py").touch()
        (folder / closed).chmod(0)
        stack.callback((folder / closed).chmod, 0o700)
        with without_roots_rights(), pytest.raises(Refused, match="Permission denied") as caught:
            pack(folder)
        assert str(folder / closed) in str(caught.value)


def restless(change: Callable[[int], None]) -> Callable[..., choice.Choice]:
    """A look at the folder, right after which something changes in it. (When exactly an editor
    saves is nothing that a test can arrange.)"""
    looks = iter(range(100))

    def choose(*args) -> choice.Choice:
        chosen = choice.choose(*args)
        change(next(looks))
        return chosen

    return choose


def test_a_change_while_packing_is_in_it(folder: Path, monkeypatch, tmp_path: Path) -> None:
    def change(look: int) -> None:
        if look == 0:
            (folder / "train.py").write_text("changed, and longer")
            (folder / "net" / "new.py").write_text("y = 1\n")
        elif look == 1:
            shutil.rmtree(folder / "net")

    monkeypatch.setattr(shipment, "choose", restless(change))
    sent = pack(folder)
    assert listed(arrived(sent, tmp_path / "node")) == {
        b"train.py": (b"changed, and longer", False)
    }


def test_a_file_that_never_holds_still(folder: Path, monkeypatch) -> None:
    def change(look: int) -> None:
        with open(folder / "train.log", "a") as file:
            file.write("line\n")

    (folder / "train.log").touch()
    monkeypatch.setattr(shipment, "choose", restless(change))
    with pytest.raises(Refused, match=r"train\.log, which would travel, changes while"):
        pack(folder)


@pytest.mark.skipif(shutil.which("tar") is None, reason="reads it with tar")
def test_tar_can_read_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "code.tar.gz").write_bytes(b"".join(pack(folder).parts))
    listing = subprocess.run(
        ["tar", "tzf", tmp_path / "code.tar.gz"], check=True, capture_output=True, text=True
    )
    assert listing.stdout.split() == ["net/model.py", "train.py"]
    assert listing.stderr == ""


def test_outputs_that_were_fetched_stay_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("outputs/train-7f3a/model.bin", "outputs/mine/kept.py", "train.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x")
    shipped = pack(tmp_path, skip=no_code(None))
    assert sorted(name for name, _ in shipped.largest) == ["outputs/mine/kept.py", "train.py"]
