"""An image as it is built and sent: what of its base stays, what is laid on it, what is refused."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rankzero.errors import BadRequest, Refused
from rankzero.images import names, publishing
from rankzero.images.building import Recipe
from rankzero.images.cache import Cache
from rankzero.images.platforms import Platform
from rankzero.images.publishing import Asked, Built, Moving
from support.registries import KIND, Stored, digest

DOCKER = "application/vnd.docker"


@pytest.fixture
def registry() -> Iterator[Stored]:
    with Stored() as made:
        yield made


class Build:
    """A user's folder, and what becomes of it."""

    def __init__(self, root: Path, registry: Stored) -> None:
        self.registry, self.root = registry, root / "work"
        self.cache = Cache(root / "cache")
        self.root.mkdir()
        (self.root / "train.py").write_text("print(1)\n")
        (self.root / ".env").write_text("TOKEN=1\n")
        self.told = list[Moving]()

    def __call__(self, base: str, *platforms: str, dry: bool = False, **recipe: Any) -> Built:
        return publishing.publish(
            Asked(
                names.to_push(f"{self.registry.host}/team/app:1"),
                names.parse(base),
                Recipe(**{"folder": self.root, **recipe}),
                tuple(Platform(one) for one in platforms),
            ),
            self.cache,
            dry=dry,
            told=self.told.append,
        )

    def settings(self, name: str = "team/app:1") -> dict[str, Any]:
        """The image's, as they lie in the registry."""
        config = self.registry.tree(f"{self.registry.host}/{name}")["config"]["digest"]
        found: dict[str, Any] = json.loads(self.registry.blobs[config])
        return found


@pytest.fixture
def build(tmp_path: Path, registry: Stored, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return Build(tmp_path, registry)


def test_a_folder_is_laid_on_its_base_and_secrets_stay(build: Build, registry: Stored) -> None:
    base = registry.image("lab/base", "1", created="2020-01-01T00:00:00Z")
    built = build(base, command=("python", "train.py"), workdir="/srv")
    held = registry.tree(f"{registry.host}/team/app:1")
    *below, mine = held["layers"]
    assert below == registry.tree(base)["layers"]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(registry.blobs[mine["digest"]]))) as tar:
        assert tar.getnames() == ["srv/train.py"]
    assert built.left_out == (".env",)
    assert built.digest == digest(registry.manifests["team/app:1"][1])
    assert held["annotations"]["org.opencontainers.image.base.name"] == base
    made = build.settings()
    assert made["config"] == {"WorkingDir": "/srv", "Cmd": ["python", "train.py"]}
    assert len(made["rootfs"]["diff_ids"]) == len(held["layers"])
    assert made["history"] == [
        {"created": "2020-01-01T00:00:00Z", "created_by": "rankzero: code"},
    ]


def test_what_a_base_says_stays_unless_it_is_said_anew(build: Build, registry: Stored) -> None:
    said = {
        "Env": ["PATH=/bin", "LR=1", "LRS=2"],
        "Entrypoint": ["/entry"],
        "User": "1000",
        "WorkingDir": "/w",
    }
    base = registry.image("lab/base", "1", config=said, history=[{"created_by": "them"}])
    build(base, folder=None, env={"LR": "a=b", "NEW": ""})
    made = build.settings()
    assert made["config"] == {**said, "Env": ["PATH=/bin", "LRS=2", "LR=a=b", "NEW="]}
    assert made["history"] == [{"created_by": "them"}]
    build(base, folder=None, command=("true",))
    assert build.settings()["config"] == {
        **{key: said[key] for key in ("Env", "User", "WorkingDir")},
        "Cmd": ["true"],
    }


def test_a_base_in_docker_s_words_stays_in_them(build: Build, registry: Stored) -> None:
    base = registry.image("lab/base", "1")
    data = json.dumps(registry.tree(base)).encode()
    registry.keep("lab/base", "1", f"{DOCKER}.distribution.manifest.v2+json", data)
    build(base)
    kind, data = registry.manifests["team/app:1"]
    held = json.loads(data)
    assert kind == held["mediaType"] == f"{DOCKER}.distribution.manifest.v2+json"
    assert held["config"]["mediaType"] == f"{DOCKER}.container.image.v1+json"
    assert held["layers"][-1]["mediaType"] == f"{DOCKER}.image.rootfs.diff.tar.gzip"
    assert "annotations" not in held


def test_the_same_is_sent_but_once_and_far_is_told_to_its_end(
    build: Build, registry: Stored
) -> None:
    base = registry.image("lab/base", "1")
    dry = build(base, dry=True)
    assert (dry.digest, dry.sent, registry.sent, build.told) == ("", 0, {}, [])
    first = build(base)
    end = build.told[-1]
    assert end.done == end.total and end.contents == 3  # base, code, settings
    assert [one.done for one in build.told] == sorted(one.done for one in build.told)
    before = dict(registry.sent)
    again = build(base)
    assert (again.digest, registry.sent) == (first.digest, before)
    assert again.sent < first.sent


def test_of_several_platforms_an_index_is_made_in_their_order(
    build: Build, registry: Stored
) -> None:
    base = registry.index("lab/base", "1", "amd64", "arm64", "s390x")
    built = build(base, "arm64", "amd64")
    kind, data = registry.manifests["team/app:1"]
    entries = json.loads(data)["manifests"]
    assert (kind, built.digest) == (f"{KIND}.index.v1+json", digest(data))
    assert [one["platform"]["architecture"] for one in entries] == ["arm64", "amd64"]
    assert all(f"team/app:{one['digest']}" in registry.manifests for one in entries)
    assert sum(size > 0 for size in registry.sent.values()) == 3  # code once, settings twice


def test_of_several_what_most_clusters_are_is_taken(build: Build, registry: Stored) -> None:
    build(registry.index("lab/base", "1", "s390x", "arm64", "amd64"))
    assert build.settings()["architecture"] == "amd64"


@pytest.mark.parametrize(
    ("platforms", "said"),
    [
        (("arm64",), "is not made for linux/arm64; it is for linux/amd64, linux/s390x"),
        (("amd64", "arm64"), "is not made for linux/arm64"),
    ],
)
def test_a_base_for_another_platform_is_told(
    build: Build, registry: Stored, platforms: tuple[str, ...], said: str
) -> None:
    base = registry.index("lab/base", "1", "s390x", "amd64")
    with pytest.raises(BadRequest, match=said) as told:
        build(base, *platforms)
    assert "--platform" in str(told.value.hint)
    assert not registry.sent


def test_a_base_of_one_platform_is_not_taken_for_another(build: Build, registry: Stored) -> None:
    with pytest.raises(BadRequest, match="is not made for linux/arm64; it is for linux/amd64"):
        build(registry.image("lab/base", "1"), "arm64")
    windows = registry.image("lab/base", "1", os="windows")
    with pytest.raises(BadRequest, match="is not made for Linux"):
        build(windows)


@pytest.mark.parametrize(
    ("kind", "tree", "refusal", "said"),
    [
        (f"{KIND}.index.v1+json", {"manifests": []}, BadRequest, "has nothing for Linux"),
        (f"{KIND}.manifest.v1+json", {"layers": []}, BadRequest, "no image that can be built upon"),
        ("text/html", {}, Refused, "no image that can be built upon: it is text/html"),
        ("", {}, Refused, "it does not say what it is"),
    ],
)
def test_what_is_no_base_is_told(
    build: Build,
    registry: Stored,
    kind: str,
    tree: dict[str, Any],
    refusal: type[Exception],
    said: str,
) -> None:
    registry.keep("lab/base", "1", kind, json.dumps(tree).encode())
    with pytest.raises(refusal, match=said):
        build(f"{registry.host}/lab/base:1")


def test_packages_for_processors_without_wheels_are_told(
    build: Build, registry: Stored, tmp_path: Path
) -> None:
    (tmp_path / "r.txt").write_text("numpy\n")
    layers = [(gzip.compress(bytes(10240)), "tar+gzip")]
    env = {"Env": ["PYTHON_VERSION=3.12.7", "PATH=/usr/local/bin:/bin"]}
    base = registry.image("lab/base", "1", "s390x", layers, config=env)
    build(base)  # code alone is for any
    with pytest.raises(BadRequest, match="no packages can be laid on an image for linux/s390x"):
        build(base, requirements=tmp_path / "r.txt")
