"""An image from a base, requirements and a folder: nothing is unpacked, nothing is run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rankzero.code.choice import Choice, Item, choose
from rankzero.images import interpreter, layers, wheels
from rankzero.images.base import Base
from rankzero.images.cache import Cache, Layer, key_of
from rankzero.images.registry import blobs
from rankzero.images.registry.blobs import Blob
from rankzero.images.registry.repository import DOCKER, OCI, Repository
from rankzero.why.words import count

#: What may lie in an image (bytes).
MOST = 16 << 30
#: Files from this size on are a layer of their own, which who edits the others does not send.
_HEAVY = 64 << 10
#: What such a layer is called.
DATA = "data"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"


class Recipe(NamedTuple):
    """What is laid on a base. folder: the code, which comes to lie in workdir; None for none.
    python: which one of the base's, or None. command: what runs where nothing else is said."""

    folder: Path | None
    requirements: Path | None = None
    python: str | None = None
    workdir: str = "/app"
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = MappingProxyType({})
    skip: tuple[Path, ...] = ()


class Part(NamedTuple):
    """A layer that is laid on the base. what: `requirements`, `code`, ... note: which Python, how
    many packages. cached: whether it was made before."""

    what: str
    layer: Layer
    note: str = ""
    cached: bool = False


class Image(NamedTuple):
    """One platform's, before it is anywhere. manifest: as bytes, with its media type."""

    base: Base
    parts: tuple[Part, ...]
    config: Blob
    manifest: Blob


def image(base: Base, recipe: Recipe, code: Choice | None, to: Repository, cache: Cache) -> Image:
    """code: what of the folder takes part. Errors: those of its parts."""
    return assembled(base, recipe, list(_parts(base, recipe, code, to, cache)))


def assembled(base: Base, recipe: Recipe, parts: Sequence[Part]) -> Image:
    """The base with these parts on it, and what else the recipe says."""
    config = blobs.of_bytes(
        _canonical(_config(base, recipe, parts)),
        _DOCKER_CONFIG if base.is_docker else f"{OCI}.config.v1+json",
    )
    return Image(base, tuple(parts), config, _manifest(base, parts, config))


def chosen(recipe: Recipe) -> Choice | None:
    """What of the folder takes part. Errors: Refused, BadRequest."""
    if recipe.folder is None:
        return None
    return choose(recipe.folder.absolute(), (), recipe.skip, most=MOST)


def index(images: Iterable[Image]) -> Blob:
    """What stands for all platforms together."""
    entries = [
        {
            **one.manifest.descriptor,
            "platform": {"os": "linux", "architecture": one.base.platform.architecture},
        }
        for one in images
    ]
    kind = f"{OCI}.index.v1+json"
    made = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
    return blobs.of_bytes(_canonical(made), kind)


def _parts(
    base: Base, recipe: Recipe, code: Choice | None, to: Repository, cache: Cache
) -> Iterable[Part]:
    if recipe.requirements is not None:
        yield _packages(base, recipe, recipe.requirements, to, cache)
    for what, some in concerns(code.items if code is not None else ()):
        yield Part(what, layers.layer(layers.below(some, recipe.workdir), cache))


def concerns(items: Iterable[Item]) -> Iterator[tuple[str, list[Item]]]:
    """A folder by what is changed together: what is large, and what is not."""
    some: dict[str, list[Item]] = {DATA: [], "code": []}
    for item in items:
        some[DATA if item.size >= _HEAVY else "code"].append(item)
    return ((what, found) for what, found in some.items() if found)


def _packages(base: Base, recipe: Recipe, requirements: Path, to: Repository, cache: Cache) -> Part:
    settings = base.config.get("config") or {}
    python = interpreter.find(recipe.python, settings, base.layers, base.repository, cache)
    wanted = wheels.Wanted(requirements, python, base.platform)
    key = key_of("wheels", 2, wheels.texts(requirements), list(python), str(base.platform))
    note = f"Python {python.version}"
    known = cache.find(key)
    if known is not None and (cache.has(known) or to.has(known.digest)):
        return Part("requirements", known, note, cached=True)
    with tempfile.TemporaryDirectory(dir=cache.scratch()) as scratch:
        root, work = Path(scratch, "root"), Path(scratch, "work")
        work.mkdir()
        packages = wheels.install(wanted, root, work)
        made = layers.layer(layers.tree(root), cache)
    cache.keep(key, made)
    return Part("requirements", made, f"{note}, {count(len(packages), 'package')}")


def _config(base: Base, recipe: Recipe, parts: Sequence[Part]) -> dict[str, Any]:
    """The base's settings, with what is laid on it."""
    made: dict[str, Any] = json.loads(json.dumps(base.config))
    settings = made.setdefault("config", {})
    if recipe.folder is not None:
        settings["WorkingDir"] = recipe.workdir
    if recipe.command:
        settings["Cmd"] = list(recipe.command)
        settings.pop("Entrypoint", None)
    if recipe.env:
        kept = [one for one in settings.get("Env") or () if _name(one) not in recipe.env]
        settings["Env"] = [*kept, *(f"{key}={value}" for key, value in recipe.env.items())]
    made.setdefault("rootfs", {"type": "layers"}).setdefault("diff_ids", [])
    made["rootfs"]["diff_ids"] += [part.layer.plain for part in parts]
    since = {"created": made["created"]} if "created" in made else {}
    laid = [{**since, "created_by": f"rankzero: {part.what}"} for part in parts]
    made["history"] = [*(made.get("history") or ()), *laid]
    return made


def _name(entry: str) -> str:
    return entry.partition("=")[0]


def _manifest(base: Base, parts: Sequence[Part], config: Blob) -> Blob:
    kind = f"{DOCKER}.v2+json" if base.is_docker else f"{OCI}.manifest.v1+json"
    laid = _DOCKER_LAYER if base.is_docker else layers.KIND
    mine = [
        {"mediaType": laid, "digest": part.layer.digest, "size": part.layer.size} for part in parts
    ]
    said: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": config.descriptor,
        "layers": [*base.layers, *mine],
    }
    if not base.is_docker:
        said["annotations"] = {
            "org.opencontainers.image.base.name": str(base.repository.name),
            "org.opencontainers.image.base.digest": base.document.digest,
        }
    return blobs.of_bytes(_canonical(said), kind)


def _canonical(tree: Mapping[str, Any]) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def laid(layer: Layer, cache: Cache) -> Blob:
    """A layer as it is sent; one whose file is gone must be there already."""
    if cache.has(layer):
        return blobs.of_file(cache.file(layer.digest), layer.digest, layers.KIND)
    return Blob(layer.digest, layer.size, blobs.nothing, {"mediaType": layers.KIND})
