"""An overlay changes what it is meant to change, in the base that lies beside it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from rankzero.export.forms import files, noted
from rankzero.export.outline import outline

from .cases import CASES, job, made, nodes


def written(outlined: Any) -> dict[str, Any]:
    """YAML by its path, as data."""
    found = files("kustomize", noted("kustomize", outlined))
    return {
        path: list(yaml.safe_load_all(text)) if path.endswith(".yaml") else text
        for path, text in found.items()
    }


def images(**asked: str) -> dict[str, dict[str, str]]:
    """What the overlay has of images, by their names. asked: by role."""
    roles = {role: {"nodes": nodes(1), "image": image} for role, image in asked.items()}
    (overlay,) = written(made("plain", roles=roles))["overlays/mine/kustomization.yaml"]
    return {one.pop("name"): one for one in overlay["images"]}


@pytest.mark.parametrize("case", CASES)
def test_everything_that_is_named_is_there(case: str) -> None:
    found = written(CASES[case]())
    for path in ("base", "overlays/mine"):
        (page,) = found[f"{path}/kustomization.yaml"]
        named = [one for one in page["resources"] if one != "../../base"]
        named += [one["path"] for one in page.get("patches", ())]
        for generated in page.get("configMapGenerator", ()):
            named += [one.rpartition("=")[2] for one in generated["files"]]
        assert named and all(f"{path}/{one}" in found for one in named)


@pytest.mark.parametrize("case", CASES)
def test_a_patch_is_of_an_object_of_the_base_with_its_containers(case: str) -> None:
    found = written(CASES[case]())
    base = [one for path, text in found.items() if path.startswith("base/") for one in told(text)]
    for path, text in found.items():
        if PurePosixPath(path).parent.name != "mine" or path.endswith("kustomization.yaml"):
            continue
        (patch,) = text
        (whole,) = (one for one in base if same(one, patch))
        assert patch["spec"]["completions"] == whole["spec"]["completions"]
        (kept,) = patch["spec"]["template"]["spec"]["containers"]
        there = whole["spec"]["template"]["spec"]["containers"][0]
        assert kept.items() <= {**there, "env": kept.get("env")}.items()
        assert all(one in there["env"] for one in kept.get("env", ()))


def told(text: Any) -> list[dict[str, Any]]:
    return [one for one in text if isinstance(one, dict)] if isinstance(text, list) else []


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one["kind"], one.get("metadata", {}).get("name")) == (
        other["kind"],
        other["metadata"]["name"],
    )


@pytest.mark.parametrize(
    ("image", "name", "which"),
    [
        ("torch", "torch", {"newTag": "latest"}),
        ("torch:2", "torch", {"newTag": "2"}),
        ("lab:5000/torch", "lab:5000/torch", {"newTag": "latest"}),
        ("lab:5000/torch:2", "lab:5000/torch", {"newTag": "2"}),
        ("torch@sha256:1", "torch", {"digest": "sha256:1"}),
        ("lab:5000/torch:2@sha256:1", "lab:5000/torch", {"digest": "sha256:1"}),
        ("lab:5000/torch@sha256:1", "lab:5000/torch", {"digest": "sha256:1"}),
    ],
)
def test_an_image_is_a_name_and_which_of_that_name(
    image: str, name: str, which: dict[str, str]
) -> None:
    assert images(worker=image) == {name: which}


def test_roles_with_one_image_name_it_once_and_with_two_each() -> None:
    assert images(worker="a:1", other="a:1") == {"a": {"newTag": "1"}}
    assert images(worker="a:1", other="b:2") == {"a": {"newTag": "1"}, "b": {"newTag": "2"}}


def test_two_images_of_one_name_stay_two() -> None:
    """Kustomize knows images by their names: one entry would have both roles get the same."""
    assert images(worker="a:1", other="a:2", third="b:1") == {"b": {"newTag": "1"}}


def test_code_in_the_image_takes_no_config_map() -> None:
    (base,) = written(outline(job(), "torch", None, "/app"))["base/kustomization.yaml"]
    assert "configMapGenerator" not in base
