"""An image built and sent to where it was named for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rankzero.images import base as bases
from rankzero.images import building
from rankzero.images.building import Image, Recipe
from rankzero.images.cache import Cache
from rankzero.images.names import Name
from rankzero.images.platforms import Platform
from rankzero.images.registry.blobs import Blob
from rankzero.images.registry.pushing import Pushing
from rankzero.images.registry.reach import Reach, Trust, reach
from rankzero.images.registry.repository import Repository
from rankzero.images.registry.sessions import Sessions


class Asked(NamedTuple):
    """name: what it is called in the end. platforms: empty for what most clusters are.
    trust, base_trust: how far its registry is believed, and that of a base elsewhere."""

    name: Name
    base: Name
    recipe: Recipe
    platforms: tuple[Platform, ...] = ()
    trust: Trust = Trust()
    base_trust: Trust = Trust()


class Moving(NamedTuple):
    """How far contents are: bytes there, of all, and how many contents are done."""

    done: int
    total: int
    contents: int


class Built(NamedTuple):
    """digest: of what the name stands for now, empty where nothing was sent. sent: in bytes.
    left_out: secrets that stayed here, by name; notes: what else did, with the reason."""

    name: Name
    images: tuple[Image, ...]
    digest: str
    sent: int
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def publish(
    asked: Asked,
    cache: Cache,
    *,
    dry: bool = False,
    told: Callable[[Moving], None] = lambda _: None,
) -> Built:
    """dry: build and send nothing. told: again and again on the way.

    Errors: BadRequest for what cannot be built; Denied, Silent, Refused of a registry.
    """
    choice = building.chosen(asked.recipe)
    with _reached(asked) as (ours, theirs):
        to = Repository(ours, asked.name)
        source = Repository(theirs, asked.base)
        images = tuple(
            building.image(bases.find(source, platform), asked.recipe, choice, to, cache)
            for platform in (asked.platforms or (None,))
        )
        digest, sent = ("", 0) if dry else send(images, to, cache, told)
    cache.prune()
    found = (choice.left_out, choice.notes) if choice else ((), ())
    return Built(asked.name, images, digest, sent, *found)


@contextlib.contextmanager
def _reached(asked: Asked) -> Iterator[tuple[Reach, Reach]]:
    """Where it goes, and where its base is: one way, where that is one registry."""
    with contextlib.ExitStack() as stack:
        name, base = asked.name, asked.base
        ours = stack.enter_context(reach(name.registry, name.host, asked.trust))
        if base.registry == name.registry:
            yield ours, ours
        else:
            yield ours, stack.enter_context(reach(base.registry, base.host, asked.base_trust))


def send(
    images: Sequence[Image], to: Repository, cache: Cache, told: Callable[[Moving], None]
) -> tuple[str, int]:
    """Have them there, under the name of `to`. The digest that it stands for then, and how many
    bytes were sent. Errors: Denied, Silent, Refused of a registry."""
    contents = {
        blob.digest: (blob, source)
        for image in images
        for blob, source in contents_of(image, to, cache)
    }
    far = dict.fromkeys(contents, 0)
    total = sum(blob.size for blob, _ in contents.values())

    def tell(digest: str, there: int) -> None:
        far[digest] = there
        done = sum(far[digest] >= blob.size for digest, (blob, _) in contents.items())
        told(Moving(sum(far.values()), total, done))

    pushing = Pushing(to, Sessions(cache.sessions), tell)
    for blob, source in contents.values():
        pushing.push(blob, source)
    if len(images) > 1:
        for image in images:
            one = image.manifest
            pushing.manifest(b"".join(_whole(one)), one.about["mediaType"], one.digest)
    made = top(images)
    pushing.manifest(b"".join(_whole(made)), made.about["mediaType"], to.name.reference)
    return made.digest, pushing.sent


def top(images: Sequence[Image]) -> Blob:
    """What stands for all of them: the one's manifest, or an index."""
    return images[0].manifest if len(images) == 1 else building.index(images)


def contents_of(image: Image, to: Repository, cache: Cache) -> Iterator[tuple[Blob, str | None]]:
    """All that must be there before the manifest, each with the repository of the same registry
    that has it."""
    source = image.base.repository
    mounted = source.name.repository if source.name.registry == to.name.registry else None
    for descriptor in image.base.layers:
        yield source.blob(descriptor), mounted
    for part in image.parts:
        yield building.laid(part.layer, cache), None
    yield image.config, None


def _whole(blob: Blob) -> list[bytes]:
    with blob.read(0) as pieces:
        return list(pieces)
