"""The Python of an image is found by the names of its files, in layers that lie in a registry."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rankzero.errors import BadRequest, Refused
from rankzero.images import base as bases
from rankzero.images import interpreter, names
from rankzero.images.cache import Cache
from rankzero.images.interpreter import Interpreter
from rankzero.images.registry.reach import Reach, Trust
from rankzero.images.registry.repository import Repository
from support.registries import Stored


@pytest.fixture
def registry() -> Iterator[Stored]:
    with Stored() as made:
        yield made


def tar(*paths: str) -> bytes:
    """Files, and folders where a path ends with a slash; some bytes in each file."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for path in paths:
            entry = tarfile.TarInfo(path.rstrip("/"))
            entry.type = tarfile.DIRTYPE if path.endswith("/") else tarfile.REGTYPE
            entry.size = 0 if path.endswith("/") else 5000
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    return held.getvalue()


def packed(*paths: str) -> tuple[bytes, str]:
    return gzip.compress(tar(*paths)), "tar+gzip"


class Image:
    """One whose Python is looked for."""

    def __init__(self, registry: Stored, cache: Cache) -> None:
        self.registry, self.cache = registry, cache

    def found(self, *layers: tuple[bytes, str], said: str | None = None, **env: str) -> Interpreter:
        settings = {"Env": [f"{key}={value}" for key, value in env.items()]}
        name = names.parse(self.registry.image("lab/base", "1", layers=layers, config=settings))
        with Reach(self.registry.host, self.registry.host, Trust(), None) as reach:
            base = bases.find(Repository(reach, name), None)
            config = base.config["config"]
            return interpreter.find(said, config, base.layers, base.repository, self.cache)

    @property
    def read(self) -> int:
        """How many contents were asked for."""
        return sum("GET" in one and "/blobs/" in one for one in self.registry.asked)


@pytest.fixture
def image(registry: Stored, tmp_path: Path) -> Image:
    return Image(registry, Cache(tmp_path / "cache"))


@pytest.mark.parametrize(
    "packing",
    [
        lambda data: (data, "tar"),
        lambda data: (gzip.compress(data), "tar+gzip"),
        lambda data: (b"".join(map(gzip.compress, (data[:700], data[700:]))), "tar+gzip"),
    ],
    ids=["plain", "gzip", "two files of gzip"],
)
def test_layers_are_read_as_they_are_packed(image: Image, packing: Any) -> None:
    first, second = tar("etc/passwd"), tar("./usr/bin/perl", "./usr/bin/python3.11")
    found = image.found(packing(first), packing(second))
    assert found == Interpreter("/usr/bin/python3.11", 11, "/usr/lib/python3.11/site-packages")


def test_a_folder_of_python_s_is_no_python(image: Image) -> None:
    """Its library, its headers and its manual have its name as well."""
    folders = ("usr/lib/python3.13/", "usr/include/python3.13/", "usr/share/doc/python3.13")
    found = image.found(packed(*folders, "venv/bin/python3.10"))
    assert found.path == "/venv/bin/python3.10"
    with pytest.raises(BadRequest, match="has no Python that could be found"):
        image.found(packed(*folders))


def test_debian_s_folder_of_packages_is_left_to_debian_s_tools(image: Image) -> None:
    found = image.found(
        packed("usr/bin/python3.11", "usr/lib/python3/dist-packages/apt/__init__.py")
    )
    assert found.site == "/usr/local/lib/python3.11/dist-packages"


def test_the_path_of_the_image_counts(image: Image) -> None:
    both = packed("usr/bin/python3.12", "opt/conda/bin/python3.10")
    assert image.found(both).minor == 12
    assert image.found(both, PATH="/opt/conda/bin:/usr/bin").minor == 10
    assert image.found(both, said="3.12", PATH="/opt/conda/bin:/usr/bin").minor == 12


def test_what_was_read_of_a_base_is_not_read_again(image: Image) -> None:
    layer = packed("usr/bin/python3.11", "opt/bin/python3.13")
    image.found(layer)
    before = image.read
    assert image.found(layer, said="3.13").path == "/opt/bin/python3.13"
    assert image.read == before + 1  # its settings


OFFICIAL = {"PYTHON_VERSION": "3.12.7", "PATH": "/usr/local/bin:/usr/bin"}


@pytest.mark.parametrize("musl", [False, True])
def test_images_of_python_s_own_say_it_and_their_first_layer_says_for_what(
    image: Image, musl: bool
) -> None:
    first = packed("lib/ld-musl-x86_64.so.1" if musl else "lib/x86_64-linux-gnu/libc.so.6")
    unread = (b"never read", "tar+zstd")
    site = "/usr/local/lib/python3.12/site-packages"
    found = image.found(first, unread, **OFFICIAL)
    assert found == Interpreter("/usr/local/bin/python3.12", 12, site, musl)


@pytest.mark.parametrize(
    ("said", "env"),
    [
        ("3.11", OFFICIAL),
        (None, {**OFFICIAL, "PATH": "/opt/bin:/usr/local/bin"}),
        (None, {**OFFICIAL, "PYTHON_VERSION": "2.7.18"}),
    ],
)
def test_what_they_say_is_not_believed_where_something_else_is_meant(
    image: Image, said: str | None, env: dict[str, str]
) -> None:
    assert image.found(packed("x"), packed("opt/bin/python3.11"), said=said, **env).minor == 11


@pytest.mark.parametrize(
    ("layer", "kind", "said"),
    [
        ((b"x", "tar+zstd"), BadRequest, r"cannot be read here \(application/.*tar\+zstd\)"),
        ((b"no gzip", "tar+gzip"), Refused, "a layer of .*/lab/base.* cannot be read: "),
        ((b"no tar" * 200, "tar"), Refused, "cannot be read: "),
        ((tar("a", "b")[:2000], "tar"), Refused, "cannot be read: "),
        ((packed("a", "b")[0][:60], "tar+gzip"), Refused, "cannot be read: "),
    ],
    ids=["zstd", "no gzip", "no tar", "cut tar", "cut gzip"],
)
def test_a_layer_that_cannot_be_read_is_told_and_nothing_is_remembered(
    image: Image, layer: tuple[bytes, str], kind: type[Exception], said: str
) -> None:
    for _ in range(2):
        with pytest.raises(kind, match=said):
            image.found(packed("usr/bin/python3.11"), layer)
