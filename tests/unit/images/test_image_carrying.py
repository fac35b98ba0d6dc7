"""A folder on images of runs: what would be sent is known before, and it is sent but once."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rankzero.code.choice import choose
from rankzero.errors import BadRequest, Refused
from rankzero.images import carrying, folders, names
from rankzero.images.cache import Cache, Layer
from rankzero.images.carrying import Target, target
from rankzero.images.registry.reach import Reach
from rankzero.plan.model import Layered, LayeredPart
from support.registries import Stored

PLACE = "/rankzero/layers"


@pytest.fixture(autouse=True)
def _nobodys_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def registry() -> Iterator[Stored]:
    with Stored() as made:
        yield made


class Folder:
    """A user's, with a large file and two small ones."""

    def __init__(self, root: Path, registry: Stored) -> None:
        self.root, self.registry = root / "work", registry
        self.cache = Cache(root / "cache")
        (self.root / "data").mkdir(parents=True)
        (self.root / "data" / "set.bin").write_bytes(bytes(range(256)) * 1000)
        (self.root / "train.py").write_text("print(1)\n")
        (self.root / "run.sh").write_text("exit\n")
        (self.root / "run.sh").chmod(0o755)

    def laid(self, there: bool = False) -> tuple[LayeredPart, ...]:
        items = choose(self.root, (), ()).items
        return folders.lay(items, PLACE, self.cache, lambda layer: there)

    def planned(self, *asked: str, processors: frozenset[str] = frozenset(("amd64",))) -> Layered:
        return carrying.planned(self.to, self.laid(), asked, lambda: processors, self.cache)

    def deliver(self, layered: Layered) -> int:
        return carrying.deliver(layered, self.cache, lambda _: None)

    @property
    def to(self) -> Target:
        return target(f"{self.registry.host}/team/code")


@pytest.fixture
def folder(tmp_path: Path, registry: Stored) -> Folder:
    return Folder(tmp_path, registry)


# -- the layers


def test_what_is_large_is_a_layer_and_what_is_not_another(folder: Folder) -> None:
    data, code = folder.laid()
    assert (data.what, code.what) == ("data", "code")
    held = gzip.decompress(folder.cache.file(code.digest).read_bytes())
    with tarfile.open(fileobj=io.BytesIO(held)) as archive:
        modes = {one.name: one.mode for one in archive}
    inner = f"{PLACE[1:]}/{code.folder}"
    assert modes == {f"{inner}/run.sh": 0o755, f"{inner}/train.py": 0o644}


def test_what_was_made_before_is_not_made_again(folder: Folder) -> None:
    first = folder.laid()
    held = {one.digest: folder.cache.file(one.digest) for one in first}
    before = {path: path.stat().st_ino for path in held.values()}
    os.utime(folder.root / "train.py", (1, 1))
    assert folder.laid() == first
    assert {path: path.stat().st_ino for path in held.values()} == before


def test_how_far_it_is_packed_is_told_and_never_beyond_its_end(folder: Folder) -> None:
    items, told = choose(folder.root, (), ()).items, list[int]()
    folders.lay(items, PLACE, folder.cache, lambda layer: False, told.append)
    total = sum(item.size for item in items)
    assert len(told) > len(items)
    assert told == sorted(told) and told[-1] == total
    again = list[int]()
    folders.lay(items, PLACE, folder.cache, lambda layer: False, again.append)
    assert len(again) == 2 and again[-1] == total


@pytest.mark.parametrize("there", [False, True])
def test_a_layer_whose_file_is_gone_is_made_again_unless_the_registry_has_it(
    folder: Folder, there: bool
) -> None:
    first = folder.laid()
    for one in first:
        folder.cache.file(one.digest).unlink()
    assert folder.laid(there) == first
    assert all(folder.cache.file(one.digest).exists() is not there for one in first)


@pytest.mark.parametrize("change", ["text", "mode", "name"])
def test_each_change_is_another_layer_of_its_kind_alone(folder: Folder, change: str) -> None:
    data, code = folder.laid()
    script = folder.root / "train.py"
    if change == "text":
        script.write_text("print(2)\n")
    elif change == "mode":
        script.chmod(0o755)
    else:
        script.rename(script.with_name("other.py"))
    again, changed = folder.laid()
    assert again == data
    assert changed.folder != code.folder and changed.digest != code.digest


def test_what_is_written_while_it_is_packed_is_told_and_not_remembered(folder: Folder) -> None:
    items = choose(folder.root, (), ()).items
    script = folder.root / "train.py"

    def overwrite(_: Layer) -> bool:
        """Between the two times that it is read: then it is asked for the layer."""
        script.write_text("print(3)\n")
        return False

    code = folder.laid()[1]
    folder.cache.file(code.digest).unlink()
    with pytest.raises(Refused, match=r"train\.py, which would travel, changes while"):
        folders.lay(items, PLACE, folder.cache, overwrite)
    assert folder.laid()[1].folder != code.folder


def test_what_gets_no_smaller_is_not_packed(folder: Folder) -> None:
    packed = folder.laid()[0]
    size = (folder.root / "data" / "set.bin").stat().st_size
    assert packed.size < size / 10
    (folder.root / "data" / "set.bin").write_bytes(random.Random(1).randbytes(size))
    stored = folder.laid()[0]
    assert size < stored.size < size * 1.02
    held = gzip.decompress(folder.cache.file(stored.digest).read_bytes())
    assert stored.plain == f"sha256:{hashlib.sha256(held).hexdigest()}"


# -- images


def test_it_is_known_what_would_be_sent_and_it_is_sent_once(
    folder: Folder, registry: Stored
) -> None:
    base = registry.image("lab/python", "1")
    plan = folder.planned(base, base)
    assert not [one for one in registry.asked if not one.startswith(("GET", "HEAD"))]
    (image,) = plan.images
    layers = [one.digest for one in plan.parts]

    assert plan.missing >= sum(one.size for one in plan.parts)
    sent = folder.deliver(plan)
    assert plan.missing <= sent < plan.missing + 2000  # and the manifest
    assert set(layers) < set(registry.sent)
    held = registry.tree(image.image)
    base_layers = registry.tree(base)["layers"]
    assert held["layers"][: len(base_layers)] == base_layers
    assert [one["digest"] for one in held["layers"][len(base_layers) :]] == layers

    again = folder.planned(base)
    assert (again.images, again.missing) == (plan.images, 0)
    registry.writable = False
    assert folder.deliver(again) == 0


def test_a_changed_line_sends_its_layer_alone(folder: Folder, registry: Stored) -> None:
    base = registry.image("lab/python", "1")
    folder.deliver(folder.planned(base))
    registry.sent.clear()
    (folder.root / "train.py").write_text("print(2)\n")
    plan = folder.planned(base)
    folder.deliver(plan)
    data, code = plan.parts
    assert code.digest in registry.sent and data.digest not in registry.sent
    assert sum(registry.sent.values()) == plan.missing < 1000


def test_roles_with_images_of_their_own_share_the_layers(folder: Folder, registry: Stored) -> None:
    bases = (registry.image("lab/python", "1"), registry.image("lab/torch", "1", "arm64"))
    plan = folder.planned(*bases)
    folder.deliver(plan)
    assert [one.asked for one in plan.images] == list(bases)
    assert len({one.image for one in plan.images}) == 2
    assert sum(one.digest in registry.sent for one in plan.parts) == 2


def test_an_image_for_several_processors_stays_one_for_those_that_machines_have(
    folder: Folder, registry: Stored
) -> None:
    base = registry.index("lab/python", "1", "amd64", "arm64", "s390x")
    plan = folder.planned(base, processors=frozenset(("amd64", "arm64", "riscv64")))
    folder.deliver(plan)
    (image,) = plan.images
    entries = registry.tree(image.image)["manifests"]
    assert [one["platform"]["architecture"] for one in entries] == ["amd64", "arm64"]
    for entry in entries:
        held = registry.tree(f"{image.image.partition('@')[0]}@{entry['digest']}")
        assert [one["digest"] for one in held["layers"][1:]] == [one.digest for one in plan.parts]

    (alone,) = folder.planned(base, processors=frozenset(("arm64",))).images
    assert alone.image.rpartition("@")[2] in {one["digest"] for one in entries}
    with pytest.raises(BadRequest, match="is for linux/amd64, linux/arm64, linux/s390x"):
        folder.planned(base, processors=frozenset(("riscv64",)))


def test_a_base_elsewhere_is_copied_once(folder: Folder, registry: Stored) -> None:
    with Stored() as other:
        base = other.image("lab/python", "1")
        plan = folder.planned(base)
        folder.deliver(plan)
        (layer,) = other.tree(base)["layers"]
        assert layer["digest"] in registry.blobs
        assert plan.missing > plan.copied == layer["size"]
        assert not other.sent
        (folder.root / "train.py").write_text("print(2)\n")
        assert folder.planned(base).copied == 0


def test_what_was_planned_is_sent_also_where_the_tag_has_moved(
    folder: Folder, registry: Stored
) -> None:
    base = registry.image("lab/python", "1")
    plan = folder.planned(base)
    registry.image("lab/python", "1", "arm64")
    folder.deliver(plan)
    (image,) = plan.images
    config = registry.tree(image.image)["config"]["digest"]
    assert b'"amd64"' in registry.blobs[config]


def test_who_may_only_look_is_told(folder: Folder, registry: Stored) -> None:
    plan = folder.planned(registry.image("lab/python", "1"))
    registry.writable = False
    with pytest.raises(Refused, match="does not let you take anything into team/code") as told:
        folder.deliver(plan)
    assert "you may only look" in str(told.value)
    assert f"rankzero image login {registry.host}" in str(told.value.hint)


def test_an_image_that_is_not_there_is_told_by_its_option(folder: Folder, registry: Stored) -> None:
    with pytest.raises(BadRequest, match="there is no image") as told:
        folder.planned(f"{registry.host}/lab/gone:1")
    assert "--image" in str(told.value.hint)


def test_what_makes_a_registry_trusted_is_said_in_words_of_runs() -> None:
    trust = target("registry.lab/code").trust("registry.lab")
    said = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1000)"
    with Reach("registry.lab", "registry.lab", trust, None) as reach:
        unknown, plain = reach.silent(OSError(said)), reach.silent(OSError("WRONG_VERSION_NUMBER"))
    assert "does not trust: self-signed." in str(unknown)
    assert "SSL_CERT_FILE" in str(unknown.hint) and "--ca" not in str(unknown.hint)
    assert "http://" in str(plain.hint) and "--insecure" not in str(plain.hint)


# -- names


@pytest.mark.parametrize(
    ("text", "name", "insecure"),
    [
        ("registry.lab/team/code", "registry.lab/team/code", False),
        ("https://registry.lab/code", "registry.lab/code", False),
        ("http://10.0.0.1:5000/team/code", "10.0.0.1:5000/team/code", True),
        ("ada/code", "docker.io/ada/code", False),
    ],
)
def test_registries(text: str, name: str, insecure: bool) -> None:
    assert target(text) == Target(names.parse(f"{name}:1")._replace(tag=None), insecure)
    assert target(str(target(text))) == target(text)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("registry.lab", "what images are called in it is missing"),
        ("registry.lab:5000", "what images are called in it is missing"),
        ("registry.lab/code:1", "its images are tagged by what is in them"),
        ("registry.lab/Code", '"Code" has capital letters'),
        (f"registry.lab/code@sha256:{'1' * 64}", "its images are tagged by what is in them"),
        ("ftp://registry.lab/code", '"ftp:" is no registry'),
    ],
)
def test_what_is_no_registry(text: str, fault: str) -> None:
    with pytest.raises(BadRequest, match="is no registry for code") as told:
        target(text)
    assert fault in str(told.value)


@pytest.mark.parametrize(
    ("registry", "insecure"),
    [("10.0.0.1:5000", True), ("10.0.0.1:5001", True), ("10.0.0.2:5000", False), ("hub", False)],
)
def test_only_a_registry_of_the_same_machine_is_believed_as_much(
    registry: str, insecure: bool
) -> None:
    assert target("http://10.0.0.1:5000/code").trust(registry).insecure is insecure
    assert target("10.0.0.1:5000/code").trust(registry).insecure is False
