"""A run whose code is in its images: the objects that were compiled, with those images in them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rankzero.plan.kubernetes.pod import rank

Object = Mapping[str, Any]


def images(manifests: Iterable[Object]) -> list[str]:
    """Those that ranks run in, each once, also where an overlay has named them."""
    return [*dict.fromkeys(str(one["image"]) for one in _ranks(manifests))]


def never_pulled(manifests: Iterable[Object]) -> list[str]:
    """Those of them that machines must have already."""
    found = (one for one in _ranks(manifests) if one.get("imagePullPolicy") == "Never")
    return [*dict.fromkeys(str(one["image"]) for one in found)]


def with_images(manifests: Iterable[Object], made: Mapping[str, str]) -> tuple[Object, ...]:
    """The same objects, whose ranks run in other images. made: by the names of those."""
    changed = copy.deepcopy([dict(one) for one in manifests])
    for container in _ranks(changed):
        container["image"] = made[container["image"]]
    return tuple(changed)


def _ranks(manifests: Iterable[Object]) -> Iterator[dict[str, Any]]:
    return (rank(one["spec"]["template"]["spec"]) for one in manifests if one["kind"] == "Job")
