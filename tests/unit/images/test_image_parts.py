"""Layers, interpreters, platforms and builders: what an image is made of, as data."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from rankzero.code.choice import Item
from rankzero.errors import BadRequest, Refused
from rankzero.images import daemons, layers, platforms
from rankzero.images.cache import Cache, key_of
from rankzero.images.cache import home as home_of_cache
from rankzero.images.daemons import Order
from rankzero.images.interpreter import Interpreter, chosen
from rankzero.images.platforms import Platform
from rankzero.images.wheels import Wanted, choice, download, texts

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def test_the_same_files_are_the_same_layer_wherever_and_whenever(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        root = tmp_path / name
        (root / "inner").mkdir(parents=True)
        (root / "b.py").write_text("print(2)\n")
        (root / "inner" / "a.sh").write_text("exit\n")
        (root / "inner" / "a.sh").chmod(0o755)
        (root / "link").symlink_to("inner")
        os.utime(root / "b.py", (1, len(name) * 1000))
        cache = Cache(tmp_path / f"cache-{name}")
        made.append(layers.layer(layers.below(layers.tree(root), "/app"), cache))
        if name == "one":
            (root / "b.py").chmod(0o600)  # who else may read it, is nobody's concern there

    assert made[0] == made[1]
    data = Cache(tmp_path / "cache-one").file(made[0].digest).read_bytes()
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == made[0].digest
    plain = gzip.decompress(data)
    assert f"sha256:{hashlib.sha256(plain).hexdigest()}" == made[0].plain
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        found = {one.name: (one.mode, one.uid, one.mtime, one.linkname) for one in archive}
    assert found == {
        "app/b.py": (0o644, 0, 0, ""),
        "app/inner/a.sh": (0o755, 0, 0, ""),
        "app/link": (0o777, 0, 0, "inner"),
    }


def test_what_was_made_before_is_known_also_where_its_file_is_gone(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    made = layers.layer([], cache)
    cache.keep(key_of("a", 1), made)
    cache.file(made.digest).unlink()

    assert Cache(tmp_path / "cache").find(key_of("a", 1)) == made
    assert cache.find(key_of("b", 1)) is None


@pytest.mark.parametrize("held", ["{", "[]", "null", '{"digest": "x"}', "\udcff"])
def test_what_the_cache_s_file_holds_that_is_no_layer_is_not_known(
    tmp_path: Path, held: str
) -> None:
    cache = Cache(tmp_path / "cache")
    cache.keep("a", layers.layer([], cache))
    (note,) = (tmp_path / "cache" / "made").iterdir()
    note.write_bytes(held.encode(errors="surrogateescape"))
    assert cache.find("a") is None


def test_a_layer_s_file_that_was_cut_off_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    made = layers.layer([], cache)
    assert cache.has(made)
    cache.file(made.digest).write_bytes(b"x")
    assert not cache.has(made)


def test_what_nobody_has_asked_for_in_a_long_time_goes_and_nothing_else(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.prune()  # of a folder that is not there yet
    (tmp_path / "a").write_text("a")
    asked = layers.layer([Item("a", tmp_path / "a", 1)], cache)
    other = layers.layer([], cache)
    cache.keep("asked", asked)
    cache.keep("other", other)
    left = cache.scratch() / "half"
    left.mkdir()
    (left / "inner").touch()
    for path in (tmp_path / "cache").rglob("*"):
        os.utime(path, (1, 1))
    assert cache.find("asked") == asked  # so it is young again
    cache.prune()
    assert (cache.has(asked), cache.find("asked")) == (True, asked)
    assert (cache.has(other), cache.find("other")) == (False, None)
    assert not left.exists()


@pytest.mark.parametrize("name", [".wh.a", "in/.wh..wh..opq"])
def test_a_name_that_takes_something_out_of_a_layer_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadRequest, match=r"\.wh\."):
        layers.layer([Item(name, tmp_path / name)], Cache(tmp_path / "cache"))


def test_a_file_that_is_gone_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with pytest.raises(Refused, match="gone"):
        layers.layer([Item("gone", tmp_path / "gone", 3)], cache)
    assert not [one for one in (tmp_path / "cache").rglob("*") if one.is_file()]


def test_a_cache_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match=r"a layer cannot be kept in .*/file/cache") as told:
        layers.layer([], Cache(tmp_path / "file" / "cache"))
    assert "XDG_CACHE_HOME" in str(told.value.hint)


@pytest.mark.parametrize(
    ("said", "home"), [("/c", "/c"), ("c", "/home/ada/.cache"), ("", "/home/ada/.cache")]
)
def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, said: str, home: str) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_CACHE_HOME", said)
    assert home_of_cache() == Path(home) / "rankzero" / "images"


DEBIAN = ["usr/bin/python3.11", "usr/lib/python3/dist-packages"]


@pytest.mark.parametrize(
    ("said", "names", "found"),
    [
        (
            None,
            DEBIAN,
            Interpreter("/usr/bin/python3.11", 11, "/usr/local/lib/python3.11/dist-packages"),
        ),
        (
            None,
            [*DEBIAN, "usr/local/bin/python3.12", "opt/conda/bin/python3.13"],
            Interpreter("/usr/local/bin/python3.12", 12, "/usr/local/lib/python3.12/site-packages"),
        ),
        (
            "3.13",
            [*DEBIAN, "opt/conda/bin/python3.13"],
            Interpreter("/opt/conda/bin/python3.13", 13, "/opt/conda/lib/python3.13/site-packages"),
        ),
        (
            "/usr/bin/python3.11",
            [*DEBIAN, "usr/local/bin/python3.12"],
            Interpreter("/usr/bin/python3.11", 11, "/usr/local/lib/python3.11/dist-packages"),
        ),
        (
            None,
            ["usr/bin/python3.12", "lib/ld-musl-x86_64.so.1"],
            Interpreter("/usr/bin/python3.12", 12, "/usr/lib/python3.12/site-packages", musl=True),
        ),
        (
            None,
            ["usr/bin/python3.9", "usr/bin/python3.12"],
            Interpreter("/usr/bin/python3.12", 12, "/usr/lib/python3.12/site-packages"),
        ),
    ],
)
def test_the_python_of_an_image(said: str | None, names: list[str], found: Interpreter) -> None:
    assert chosen(said, PATH, names, "lab/base") == found


@pytest.mark.parametrize(
    ("said", "names", "message"),
    [(None, [], "lab/base has no Python"), ("3.9", DEBIAN, "lab/base has no 3.9")],
)
def test_an_image_without_it_is_told(said: str | None, names: list[str], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        chosen(said, PATH, names, "lab/base")


@pytest.mark.parametrize(
    ("text", "found"), [("linux/amd64", "amd64"), ("arm64", "arm64"), ("linux/aarch64", "arm64")]
)
def test_platforms(text: str, found: str) -> None:
    assert platforms.parse(text) == Platform(found)


@pytest.mark.parametrize("text", ["windows/amd64", "linux/mips", "", "linux/"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(BadRequest, match=r"There is: linux/amd64, linux/arm64"):
        platforms.parse(text)


def test_of_several_most_clusters_count() -> None:
    assert platforms.usual(["arm64", "amd64"]) == "amd64"
    assert platforms.usual(["s390x"]) == "s390x"


@pytest.mark.parametrize(
    ("musl", "first", "none"),
    [(False, "manylinux_2_28_aarch64", "musl"), (True, "musllinux", "many")],
)
def test_wheels_are_those_of_the_image_and_not_of_this_machine(
    musl: bool, first: str, none: str
) -> None:
    python = Interpreter("/usr/bin/python3.12", 12, "/site", musl)
    wanted = Wanted(Path("r.txt"), python, Platform("arm64"))
    words = download(wanted, Path("chosen.txt"), Path("to"))
    tags = [word for at, word in enumerate(words) if words[at - 1] == "--platform"]
    assert tags[0].startswith(first)
    assert not [tag for tag in tags if none in tag or "x86_64" in tag]
    assert words[words.index("--python-version") + 1] == "3.12"
    assert "cp312" in words
    assert "--only-binary=:all:" in words
    assert "aarch64-" + ("unknown-linux-musl" if musl else "manylinux_2_28") in choice(wanted)


def test_a_change_in_a_file_that_is_named_counts(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("-r more.txt\nnumpy\n--constraint=less.txt\n")
    (tmp_path / "more.txt").write_text("-r r.txt\ntorch\n")
    (tmp_path / "less.txt").write_text("numpy<3\n")
    assert {text.splitlines()[-1] for text in texts(tmp_path / "r.txt")} == {
        *("--constraint=less.txt", "torch", "numpy<3")
    }
    (tmp_path / "less.txt").write_bytes(b"\xff")
    with pytest.raises(BadRequest, match=r"less\.txt cannot be read"):
        texts(tmp_path / "r.txt")


ORDER = Order("lab.example/app:1", Path("src"), Path("src/Dockerfile"))


@pytest.mark.parametrize(
    ("builder", "lines"),
    [
        (
            "docker",
            [
                "docker build --file src/Dockerfile --tag lab.example/app:1 src",
                "docker push lab.example/app:1",
            ],
        ),
        (
            "podman",
            [
                "podman build --file src/Dockerfile --tag lab.example/app:1 src",
                "podman push lab.example/app:1",
            ],
        ),
        (
            "buildah",
            [
                "buildah build --file src/Dockerfile --tag lab.example/app:1 src",
                "buildah push lab.example/app:1",
            ],
        ),
        (
            "buildctl",
            [
                "buildctl build --frontend dockerfile.v0 --local context=src --local dockerfile=src"
                " --opt filename=Dockerfile --output type=image,name=lab.example/app:1,push=true"
            ],
        ),
    ],
)
def test_what_builders_are_told(builder: str, lines: list[str]) -> None:
    assert [" ".join(words) for words in daemons.commands(builder, ORDER)] == lines


@pytest.mark.parametrize("builder", daemons.BUILDERS)
def test_builders_of_several_platforms_push_one_name(builder: str) -> None:
    order = ORDER._replace(platforms=("linux/amd64", "linux/arm64"))
    text = "\n".join(" ".join(words) for words in daemons.commands(builder, order))
    assert "linux/amd64,linux/arm64" in text
    assert "push" in text


def test_a_builder_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "Dockerfile").touch()
    with pytest.raises(BadRequest, match="docker is not installed"):
        daemons.run("docker", Order("a.example/b:1", tmp_path, tmp_path / "Dockerfile"))
    with pytest.raises(BadRequest, match=r'no "dokcer"; did you mean "docker"'):
        daemons.run("dokcer", Order("a.example/b:1", tmp_path, tmp_path / "Dockerfile"))
    with pytest.raises(BadRequest, match="no Dockerfile"):
        daemons.run("docker", Order("a.example/b:1", tmp_path, tmp_path / "gone"))


def test_a_builder_s_steps_are_done_until_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "podman"
    tool.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/told\ntest ! -e "{tmp_path}/$1"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "Dockerfile").touch()
    order = Order("a.example/b:1", tmp_path, tmp_path / "Dockerfile")
    daemons.run("podman", order)
    (tmp_path / "build").touch()
    with pytest.raises(Refused, match="podman build ended with 1; see above"):
        daemons.run("podman", order)
    assert (tmp_path / "told").read_text().split() == ["build", "push", "build"]
