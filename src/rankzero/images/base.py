"""What an image is built upon: one platform's manifest and settings, where they lie."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from rankzero.errors import BadRequest
from rankzero.images.platforms import Platform, usual
from rankzero.images.registry.reach import Absent
from rankzero.images.registry.repository import INDEXES, Document, Repository


class Base(NamedTuple):
    """repository: where it is. document: the manifest; config: the settings that it names."""

    repository: Repository
    document: Document
    config: dict[str, Any]
    platform: Platform

    @property
    def layers(self) -> list[dict[str, Any]]:
        return list(self.document.tree["layers"])

    @property
    def is_docker(self) -> bool:
        """Whether it speaks of its parts as Docker did before there was a standard."""
        return "vnd.docker" in self.document.kind


def find(repository: Repository, platform: Platform | None) -> Base:
    """platform: None for what most clusters are, of those that there are.

    Errors: BadRequest where it is not made for the platform; those of `Repository`.
    """
    return _base(repository, document_of(repository), platform)


def document_of(repository: Repository, option: str = "--base") -> Document:
    """What its name stands for. option: which named it. Errors: BadRequest, and those of
    `Repository`."""
    try:
        return repository.document(repository.name.reference)
    except Absent:
        raise BadRequest(
            f"there is no image {repository.name}, or none that may be seen.",
            f"Check its name and tag: {option}; one that is private: rankzero image login "
            f"{repository.name.registry}",
        ) from None


def for_all(
    repository: Repository, document: Document, wanted: Callable[[], frozenset[str]]
) -> list[Base]:
    """One for each kind of processor that is wanted; an image that is no index has but its own.
    wanted: asked only where there is a choice.

    Errors: BadRequest where it is made for none of them; those of `Repository`.
    """
    if document.kind not in INDEXES:
        return [_base(repository, document, None)]
    asked = wanted()
    there = _platforms(document, str(repository.name))
    some = [one for one in there if one in asked]
    if not some:
        raise _elsewhere(str(repository.name), " or ".join(sorted(asked)), list(there))
    return [_base(repository, document, Platform(one)) for one in sorted(some)]


def _base(repository: Repository, document: Document, platform: Platform | None) -> Base:
    if document.kind in INDEXES:
        document = repository.document(_of_platform(document, platform, str(repository.name)))
    if document.kind in INDEXES or not {"config", "layers"} <= document.tree.keys():
        raise BadRequest(f"{repository.name} is no image that can be built upon.")
    config = json.loads(repository.small(document.tree["config"]))
    made_for = str(config.get("architecture", ""))
    if config.get("os", "linux") != "linux" or (platform or Platform(made_for)) != (made_for,):
        raise _elsewhere(str(repository.name), platform, [made_for])
    return Base(repository, document, config, Platform(made_for))


def _of_platform(index: Document, platform: Platform | None, name: str) -> str:
    """The digest of the one that is for it."""
    there = _platforms(index, name)
    wanted = platform.architecture if platform else usual(list(there))
    if wanted not in there:
        raise _elsewhere(name, platform, list(there))
    return str(there[wanted])


def _platforms(index: Document, name: str) -> dict[str, str]:
    """The digests of those for Linux, by their kinds of processors."""
    there = {
        one["platform"]["architecture"]: one["digest"]
        for one in reversed(index.tree["manifests"])
        if one.get("platform", {}).get("os") == "linux"
    }
    if not there:
        raise BadRequest(f"{name} has nothing for Linux.")
    return there


def _elsewhere(name: str, platform: Platform | str | None, there: list[str]) -> BadRequest:
    known = ", ".join(f"linux/{one}" for one in sorted(there))
    return BadRequest(
        f"{name} is not made for {platform or 'Linux'}; it is for {known}.",
        "Name another base: --base, or another platform: --platform",
    )
