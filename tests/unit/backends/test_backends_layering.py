"""A folder that is too large for objects of a cluster: with a registry, without one, and beyond."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rankzero.backends.base import Fetching
from rankzero.backends.kubernetes import compiling, layering
from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.compiling import compile_job
from rankzero.cli.show.planned import plan_line
from rankzero.code import shipment
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import layered
from rankzero.plan.model import Plan
from rankzero.spec import from_target
from support.kubeconfigs import kubeconfig
from support.registries import Stored

LARGE = 1_200_000


@pytest.fixture
def registry() -> Iterator[Stored]:
    with Stored() as made:
        yield made


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands are given in, with more than ConfigMaps take."""
    folder = tmp_path / "work"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "set.bin").write_bytes(os.urandom(LARGE))
    (folder / "train.py").write_text("print(1)")
    (folder / ".env").write_text("hush")
    for module in (shipment, compiling):  # packing more would only take longer
        monkeypatch.setattr(module, "LIMIT", 1 << 20)
    config = kubeconfig(tmp_path / "kubeconfig", "lab", "https://127.0.0.1:1")
    monkeypatch.setenv("KUBECONFIG", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv(layering.REGISTRY, raising=False)
    monkeypatch.chdir(folder)
    return folder


def compiled(image: str, told: list[Fetching] | None = None, **options: object) -> Plan:
    job = from_target("train.py", options={"image": image, **options})
    return compile_job(Cluster(), job, (told if told is not None else []).append)


@pytest.mark.parametrize("way", ["option", "environment"])
def test_it_is_laid_on_the_image(
    work: Path, registry: Stored, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    base, to, told = registry.image("lab/python", "1"), f"{registry.host}/team/code", []
    if way == "environment":
        monkeypatch.setenv(layering.REGISTRY, to)
    plan = compiled(base, told, **({"registry": to} if way == "option" else {}))

    assert plan.code.layers is not None
    (image,) = layered.images(plan.manifests)
    assert image == plan.code.layers.images[0].image
    assert image.startswith(f"{to}@sha256:")
    assert [agent.code.layers for agent in plan.agents if agent.code] == [
        tuple(one.folder for one in plan.code.layers.parts)
    ]
    assert not [one for one in plan.manifests if "-code-" in one["metadata"]["name"]]
    assert plan.job.roles["worker"].image == base  # for `rerun`
    assert (plan.code.files, plan.notices) == (2, ("left out as secrets: .env",))
    assert told[-1] == Fetching(plan.code.size, plan.code.size, 2)
    assert f"code: 2 files, 1.2 MB, as layers on {to} (1.2 MB to send)" in plan_line(plan)
    assert not registry.sent


def test_once_it_is_there_the_plan_says_so(work: Path, registry: Stored) -> None:
    base, to = registry.image("lab/python", "1"), f"{registry.host}/team/code"
    first, told = compiled(base, registry=to), list[Fetching]()
    assert first.code.layers is not None
    layering.deliver(first.code.layers, told.append)
    assert told[-1].done == told[-1].total >= LARGE

    again = compiled(base, registry=to)
    assert again.code.digest == first.code.digest
    assert f"as layers on {to} (all of it is there)" in plan_line(again)
    (work / "train.py").write_text("print(2)")
    assert compiled(base, registry=to).code.digest != first.code.digest


def test_without_a_registry_it_is_told_what_is_large_and_what_to_do(work: Path) -> None:
    with pytest.raises(Refused, match=r"the limit is 1 MiB.* data/set\.bin 1\.2 MB") as told:
        compiled("lab/image:1")
    for way in (".rankzeroignore", "volume", "--registry", "rankzero.toml", "RANKZERO_REGISTRY"):
        assert way in str(told.value.hint)


def test_a_small_folder_asks_no_registry(work: Path, registry: Stored) -> None:
    (work / ".rankzeroignore").write_text("data/\n")
    plan = compiled("lab/image:1", registry=f"{registry.host}/team/code")
    assert plan.code.layers is None
    assert not registry.asked


@pytest.mark.parametrize("limit", ["MOST", "MOST_FILES"])
def test_more_belongs_on_a_volume(
    work: Path, registry: Stored, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(layering, limit, 1)
    with pytest.raises(Refused, match=r"too large|too many") as told:
        compiled("lab/image:1", registry=f"{registry.host}/team/code")
    assert "volume" in str(told.value.hint) and "--registry" not in str(told.value.hint)
    assert not registry.asked


def test_what_is_never_pulled_cannot_bring_it(work: Path, registry: Stored) -> None:
    base = registry.image("lab/python", "1")
    overlay = {"containers": [{"name": "rank", "imagePullPolicy": "Never"}]}
    with pytest.raises(BadRequest, match=r"pull: Never is said of .*/lab/python:1") as told:
        compiled(base, registry=f"{registry.host}/team/code", pod=overlay)
    assert "IfNotPresent" in str(told.value.hint)


def test_what_is_no_registry_is_told_also_of_a_small_folder(work: Path) -> None:
    (work / ".rankzeroignore").write_text("data/\n")
    with pytest.raises(BadRequest, match='"lab" is no registry for code'):
        compiled("lab/image:1", registry="lab")
