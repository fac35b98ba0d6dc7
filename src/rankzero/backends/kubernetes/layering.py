"""A folder that is too large for objects of a cluster, as layers on the images of its run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.backends.base import Fetching
from rankzero.code.choice import Choice, choose
from rankzero.code.refusals import SMALLER, TooMuch
from rankzero.errors import BadRequest, Refused
from rankzero.plan.kubernetes import layered, layout
from rankzero.plan.model import LayeredPart

if TYPE_CHECKING:
    from rankzero.backends.kubernetes.cluster import Cluster
    from rankzero.images.carrying import Target
    from rankzero.plan.model import Layered, Plan

#: Where images of runs are sent, where a job does not say it.
REGISTRY = "RANKZERO_REGISTRY"
#: What every machine of a run fetches, unpacks and copies: more belongs on a volume (bytes, files).
MOST, MOST_FILES = 2 << 30, 200_000
#: The kinds of processors that machines have, where they may not be looked at.
_USUAL = frozenset(("amd64", "arm64"))
_ARCHITECTURE = "kubernetes.io/arch"
_VOLUME = (
    "Name what is no code in .rankzeroignore (a line such as data/ or *.ckpt), or keep data on a "
    "volume."
)
Tell = Callable[[Fetching], None]


class Folder(NamedTuple):
    """What is to travel. scripts, skip, words: as of `shipment.pack`."""

    workdir: str
    scripts: tuple[str, ...]
    skip: tuple[str | Path, ...] = ()
    words: tuple[str, ...] = ()


class Cargo(NamedTuple):
    """The folder, ready to be laid on images. choice: what of it takes part."""

    to: Target
    choice: Choice
    parts: tuple[LayeredPart, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        return tuple(one.folder for one in self.parts)

    @property
    def digest(self) -> str:
        """Of all that takes part."""
        return hashlib.sha256(" ".join(self.folders).encode()).hexdigest()


def registry(said: str | None) -> Target | None:
    """said: by the job. Errors: BadRequest for what is none."""
    text = said or os.environ.get(REGISTRY)
    if not text:
        return None
    from rankzero.images.carrying import target

    return target(text)


def without_registry(error: TooMuch) -> TooMuch:
    """What keeps a run from beginning that has nowhere to send its code to."""
    way = (
        " Or name a registry through which it travels as a layer of the image: --registry "
        f'REGISTRY/TEAM/NAME, registry = "..." in a profile of rankzero.toml, or {REGISTRY}'
    )
    return error.advised(SMALLER + way)


def packed(to: Target, folder: Folder, tell: Tell) -> Cargo:
    """Errors: as of `shipment.pack`, with another limit; those of registries."""
    from rankzero.images import cache, carrying, folders

    try:
        root = Path(folder.workdir).absolute()
        choice = choose(root, folder.scripts, folder.skip, folder.words, MOST, MOST_FILES)
    except TooMuch as error:
        raise error.advised(_VOLUME) from None
    total = sum(item.size for item in choice.items)
    parts = folders.lay(
        choice.items,
        layout.LAYERS,
        cache.Cache(cache.home()),
        lambda layer: carrying.has(to, layer),
        lambda done: tell(Fetching(done, total, len(choice.items))),
    )
    return Cargo(to, choice, parts)


def on_images(cluster: Cluster, plans: Sequence[Plan], cargo: Cargo) -> list[Plan]:
    """The plans, whose pods run in images that hold the code; nothing is sent. Each tells of all
    images.

    Errors: BadRequest where machines are not to pull them, or for an image that cannot be built
    upon; those of registries.
    """
    from rankzero.images import cache, carrying

    manifests = [one for plan in plans for one in plan.manifests]
    if never := layered.never_pulled(manifests):
        raise BadRequest(
            f"pull: Never is said of {', '.join(never)}, and the code is too large to travel "
            "without an image of its own, which machines have to pull.",
            "Say pull: IfNotPresent",
        )
    asked = layered.images(manifests)
    made = carrying.planned(
        cargo.to, cargo.parts, asked, lambda: _processors(cluster), cache.Cache(cache.home())
    )
    images = {one.asked: one.image for one in made.images}
    return [
        replace(
            plan,
            code=replace(plan.code, layers=made),
            manifests=layered.with_images(plan.manifests, images),
        )
        for plan in plans
    ]


def deliver(layers: Layered, tell: Tell) -> None:
    """Send what the registry lacks, before anything else is made. Errors: Denied, Silent,
    Refused."""
    from rankzero.images import cache, carrying

    carrying.deliver(
        layers,
        cache.Cache(cache.home()),
        lambda far: tell(Fetching(far.done, far.total, far.contents)),
    )


def _processors(cluster: Cluster) -> frozenset[str]:
    """The kinds that the cluster's machines have; the usual ones where nobody may look."""
    try:
        machines: Sequence[Mapping[str, Any]] = cluster.every("Node")["items"]
    except Refused:
        return _USUAL
    found = [(one["metadata"].get("labels") or {}).get(_ARCHITECTURE) for one in machines]
    return frozenset(filter(None, found)) or _USUAL
