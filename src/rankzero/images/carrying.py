"""Images of runs: each is one that was asked for, with the user's folder laid on it.

They are planned first, which reads from registries and sends nothing, and delivered later; what is
delivered is what was planned, byte for byte, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import NamedTuple

from rankzero.errors import BadRequest, Refused
from rankzero.images import base as bases
from rankzero.images import building, names, publishing
from rankzero.images.building import Image, Part, Recipe
from rankzero.images.cache import Cache, Layer
from rankzero.images.names import Name
from rankzero.images.publishing import Moving
from rankzero.images.registry.reach import Reach, Trust, reach
from rankzero.images.registry.repository import Repository
from rankzero.plan.model import Layered, LayeredImage, LayeredPart

#: Whoever looks into the registry sees what these are.
_TAG = "code-"
_PLAIN, _TLS = "http://", "https://"
_UNKNOWN = "Have this machine trust who signed it: export SSL_CERT_FILE=FILE, with the authorities"
_WITHOUT_TLS = "Where the network is yours alone, say so before the registry's name: http://"
#: Of an image's own registry, which nobody has named for this.
_OTHER = (
    "It is the image's registry. One without TLS is asked only where the code goes to the same "
    "machine: registry http://{registry}/..."
)


class Target(NamedTuple):
    """Where images are sent. name: without a tag. insecure: also without TLS."""

    name: Name
    insecure: bool = False

    def __str__(self) -> str:
        return f"{_PLAIN if self.insecure else ''}{self.name}"

    def trust(self, registry: str) -> Trust:
        """How far a registry is believed: one on the same machine as much as the target's."""
        same = _machine(registry) == _machine(self.name.registry)
        return Trust(self.insecure and same, None, _UNKNOWN, _WITHOUT_TLS if same else _OTHER)


def target(text: str) -> Target:
    """From `[http://]HOST[:PORT]/PATH`. Errors: BadRequest."""
    bare = text.removeprefix(_PLAIN).removeprefix(_TLS)
    fault = names.wrong(bare)
    if "/" not in bare:
        fault = "what images are called in it is missing"
    elif ":" in bare.rpartition("/")[2]:
        fault = "its images are tagged by what is in them"
    if fault:
        raise BadRequest(
            f'"{text}" is no registry for code: {fault}.', "Write REGISTRY/TEAM/NAME, without a tag"
        )
    return Target(names.to_push(bare)._replace(tag=None), text.startswith(_PLAIN))


def has(to: Target, layer: Layer) -> bool:
    """Whether it is there. Errors: Denied, Silent, Refused."""
    with _Ways(to) as ways:
        return ways.to.has(layer.digest)


def planned(
    to: Target,
    parts: tuple[LayeredPart, ...],
    asked: Iterable[str],
    processors: Callable[[], frozenset[str]],
    cache: Cache,
) -> Layered:
    """What would be delivered. asked: names of images. processors: the kinds that machines have,
    asked only where an image is for several.

    Errors: BadRequest for an image that is not there, or not for these; Denied, Silent, Refused.
    """
    with _Ways(to) as ways:
        made, missing, theirs = list[LayeredImage](), dict[str, int](), set[str]()
        for one in dict.fromkeys(asked):
            images = ways.images(names.parse(one), parts, processors)
            made.append(_planned(one, images, ways.to))
            missing |= _missing(images, ways.to, cache)
            theirs |= {layer["digest"] for image in images for layer in image.base.layers}
    copied = sum(size for digest, size in missing.items() if digest in theirs)
    return Layered(str(to), parts, tuple(made), sum(missing.values()), copied)


def deliver(layered: Layered, cache: Cache, told: Callable[[Moving], None]) -> int:
    """Have the images in their registry; how many bytes were sent. told: again and again.

    Errors: Denied, Silent, Refused, also for a base that has gone.
    """
    sent = 0
    with _Ways(target(layered.registry)) as ways:
        for one in layered.images:
            digest = one.image.partition("@")[2]
            if ways.to.has_image(digest):
                continue
            known = frozenset(one.processors)
            images = ways.images(names.parse(one.base), layered.parts, known.copy)
            if publishing.top(images).digest != digest:
                raise Refused(f"{one.image} would not be what was planned.", "Try once more")
            name = ways.to.name._replace(tag=f"{_TAG}{digest.partition(':')[2][:12]}")
            sent += publishing.send(images, Repository(ways.to.reach, name), cache, told)[1]
    cache.prune()
    return sent


class _Ways:
    """To the target and to wherever bases are, one to each registry."""

    def __init__(self, to: Target) -> None:
        self._target = to
        self._stack = ExitStack()
        self._open: dict[str, Reach] = {}

    def __enter__(self) -> _Ways:
        self.to = self._repository(self._target.name)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def images(
        self,
        name: Name,
        parts: Iterable[LayeredPart],
        processors: Callable[[], frozenset[str]],
    ) -> list[Image]:
        """One for each kind of processor. The base is named by its digest, whatever was asked for:
        so the same comes of it once more."""
        document = bases.document_of(self._repository(name), "--image")
        pinned = self._repository(name._replace(tag=None, digest=document.digest))
        laid = [Part(one.what, Layer(one.digest, one.plain, one.size, one.files)) for one in parts]
        return [
            building.assembled(base, Recipe(None), laid)
            for base in bases.for_all(pinned, document, processors)
        ]

    def _repository(self, name: Name) -> Repository:
        if name.registry not in self._open:
            trust = self._target.trust(name.registry)
            opened = self._stack.enter_context(reach(name.registry, name.host, trust))
            self._open[name.registry] = opened
        return Repository(self._open[name.registry], name)


def _planned(asked: str, images: list[Image], to: Repository) -> LayeredImage:
    made = to.name._replace(digest=publishing.top(images).digest)
    return LayeredImage(
        asked,
        str(images[0].base.repository.name),
        str(made),
        tuple(one.base.platform.architecture for one in images),
    )


def _missing(images: list[Image], to: Repository, cache: Cache) -> dict[str, int]:
    """Bytes that would be sent, by their digests; what lies in the same registry is not."""
    if to.has_image(publishing.top(images).digest):
        return {}
    return {
        blob.digest: blob.size
        for image in images
        for blob, mounted in publishing.contents_of(image, to, cache)
        if mounted is None and not to.has(blob.digest)
    }


def _machine(registry: str) -> str:
    """Its name without the port, which of an IPv6 address stands behind the bracket."""
    name, colon, port = registry.rpartition(":")
    return (
        name if colon and port.isdecimal() and (name.endswith("]") or ":" not in name) else registry
    )
