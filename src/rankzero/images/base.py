"""What an image is built upon: one platform's manifest and settings, where they lie."""

from __future__ import annotations

import json
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
    try:
        document = repository.document(repository.name.reference)
    except Absent:
        raise BadRequest(
            f"there is no image {repository.name}, or none that may be seen.",
            "Check its name and tag: --base; one that is private: rankzero image login "
            f"{repository.name.registry}",
        ) from None
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
    there = {
        one["platform"]["architecture"]: one["digest"]
        for one in reversed(index.tree["manifests"])
        if one.get("platform", {}).get("os") == "linux"
    }
    if not there:
        raise BadRequest(f"{name} has nothing for Linux.")
    wanted = platform.architecture if platform else usual(list(there))
    if wanted not in there:
        raise _elsewhere(name, platform, list(there))
    return str(there[wanted])


def _elsewhere(name: str, platform: Platform | None, there: list[str]) -> BadRequest:
    known = ", ".join(f"linux/{one}" for one in sorted(there))
    return BadRequest(
        f"{name} is not made for {platform or 'Linux'}; it is for {known}.",
        "Name another base: --base, or another platform: --platform",
    )
