"""`export kustomize`: a base, whose code is files, and an overlay to start from."""

from __future__ import annotations

from typing import Any

from rankzero.export import plain, readme
from rankzero.export.code import folder, key
from rankzero.export.model import Code, Files, Outline, Part
from rankzero.export.pods import APP, job
from rankzero.export.terms import Plainly
from rankzero.export.text import Page

_HEAD = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
_NO_PREFIX = """\
The name stands in addresses of the environment, too, where Kustomize does not look:
no namePrefix and no nameSuffix."""
_PATCH = "What is other than in the base, where you change it. The number of pods stands %s times."
#: Where the frameworks find the number of pods. What a patch has comes first: so must the variable
#: that TF_CONFIG refers to.
_COUNTS = (
    *("WORLD_SIZE", "PET_NNODES", "JAX_NUM_PROCESSES", "OMPI_COMM_WORLD_SIZE"),
    *("TASK_INDEX", "TF_CONFIG"),
)


def files(outline: Outline) -> Files:
    base = plain.manifests(outline, code=False)
    made: Files = {
        "README.md": readme.kustomize(outline),
        "base/kustomization.yaml": _base(outline, list(base)),
        **{f"base/{name}": text for name, text in base.items()},
        "overlays/mine/kustomization.yaml": _overlay(outline),
        **{f"overlays/mine/{part.role}.yaml": _patch(outline, part) for part in outline.parts},
    }
    return {**made, **({f"base/{n}": c for n, c in folder(outline.code).items()})}


def _base(outline: Outline, resources: list[str]) -> str:
    page, name = Page(), outline.job.name
    made: dict[str, Any] = {**_HEAD, page.comment(_NO_PREFIX): None, "resources": resources}
    if outline.code is not None:
        options = {"disableNameSuffixHash": True, "labels": {APP: name}}
        files = _generated(outline.code)
        made["configMapGenerator"] = [{"name": f"{name}-code", "files": files, "options": options}]
    return page.dump(made)


def _generated(code: Code) -> list[str]:
    return [
        f"code/{name}" if "/" not in name else f"{key(name)}=code/{name}" for name in code.names
    ]


def _overlay(outline: Outline) -> str:
    page = Page()
    images = _images(outline)
    made: dict[str, Any] = {
        **_HEAD,
        page.comment("namespace: team-a"): None,
        "resources": ["../../base"],
        "images": [{"name": name, **tag} for name, tag in images.items()],
        "patches": [{"path": f"{part.role}.yaml"} for part in outline.parts],
    }
    return page.dump(made)


def _images(outline: Outline) -> dict[str, dict[str, str]]:
    """By their names, but for names of which roles have several: an entry is for all of them."""
    each = [_image(image) for image in dict.fromkeys(part.image for part in outline.parts)]
    names = [name for name, _ in each]
    return {name: which for name, which in each if names.count(name) == 1}


def _image(image: str) -> tuple[str, dict[str, str]]:
    """An image's name, and which one of that name."""
    name, _, digest = image.partition("@")
    if digest:
        return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name, {
            "digest": digest
        }
    if ":" in image.rpartition("/")[2]:
        name, _, tag = image.rpartition(":")
        return name, {"newTag": tag}
    return image, {"newTag": "latest"}


def _patch(outline: Outline, part: Part) -> str:
    """A role's Job: what most people change."""
    page = Page()
    whole = job(outline, part, Plainly(outline), page)
    container = whole["spec"]["template"]["spec"]["containers"][0]
    counts = [one for one in container.get("env", ()) if one["name"] in _COUNTS]
    kept = {key: container[key] for key in ("name", "args", "resources") if key in container}
    if counts:
        kept["env"] = counts
    spec: dict[str, Any] = {
        "completions": part.pods,
        "parallelism": part.pods,
        "template": {"spec": {"containers": [kept]}},
    }
    head = {"apiVersion": whole["apiVersion"], "kind": whole["kind"]}
    meta = {"name": whole["metadata"]["name"]}
    note = _PATCH % ("three" if counts else "two")
    return page.dump({page.comment(note): None, **head, "metadata": meta, "spec": spec})
