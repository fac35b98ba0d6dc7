"""A plan: what a backend would create for one run, as data that can be printed and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rankzero.agent.config import AgentConfig

if TYPE_CHECKING:
    from rankzero.spec.model import Job


class LayeredPart(NamedTuple):
    """A layer with some of the files. what: `data` (the large ones) or `code`. folder: its name in
    the image, a digest of them. digest, size: of the layer as it is sent, in bytes; plain: the
    digest of what it is unpacked; files: how many are in it."""

    what: str
    folder: str
    digest: str
    plain: str
    size: int
    files: int


class LayeredImage(NamedTuple):
    """asked: the image as it was named; base: the same by its digest; image: what pods get, by its
    digest. processors: the kinds that it is for."""

    asked: str
    base: str
    image: str
    processors: tuple[str, ...] = ()


class Layered(NamedTuple):
    """A folder that travels as layers on the run's images. registry: where those are, as it was
    named. missing: bytes that were not there when this was planned; copied: those of them that are
    of the images as they were named, which lie in another registry."""

    registry: str
    parts: tuple[LayeredPart, ...]
    images: tuple[LayeredImage, ...]
    missing: int
    copied: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "registry": self.registry,
            "parts": [one._asdict() for one in self.parts],
            "images": [{**one._asdict(), "processors": [*one.processors]} for one in self.images],
            "missing": self.missing,
            "copied": self.copied,
        }


@dataclass(frozen=True)
class Code:
    """What of the user's folder takes part.

    folder: where it lies here; files, size: how many, and how many bytes together;
    digest: sha256 over names and contents, so that `rerun` can say that it changed.
    note: what a user should know of it (it was too large to look at whole), or empty.
    largest: names and sizes of what travels, the heaviest first, at most a few; empty where
        nothing does.
    layers: how it travels, where it is too large for objects of the cluster.
    """

    folder: str
    files: int
    size: int
    digest: str
    note: str = ""
    largest: tuple[tuple[str, int], ...] = ()
    layers: Layered | None = None

    def to_json(self) -> dict[str, Any]:
        largest = [{"name": name, "size": size} for name, size in self.largest]
        layers = None if self.layers is None else self.layers.to_json()
        return {**vars(self), "largest": largest, "layers": layers}


class Checked(NamedTuple):
    """What was looked at before the plan was made known. done: False where it could not be looked
    at. text: what was seen, or why it was not."""

    check: str
    done: bool
    text: str


@dataclass(frozen=True)
class Plan:
    """One run, before it exists.

    run: its id. where: `local`, or a cluster's context and namespace.
    found: how the framework was decided (`found in train.py`, `named`).
    agents: what each node's agent will be told, first node first.
    image: what the nodes' images are, and why those, for people; empty on a laptop.
    notices: what the backend ignores or wants known; none of it stops the run.
    manifests: what else the backend would create (empty on a laptop).
    blobs: `sha256:...` -> the bytes that take this word's place in manifests when they are
        created; too long to be printed.
    checks: what the place where it would run was asked beforehand; empty where nothing was.
    """

    run: str
    job: Job
    backend: str
    where: str
    framework: str
    found: str
    code: Code
    agents: tuple[AgentConfig, ...]
    image: str = ""
    notices: tuple[str, ...] = ()
    manifests: tuple[Mapping[str, Any], ...] = field(default=())
    blobs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    checks: tuple[Checked, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The documented schema of `--dry-run --output json`."""
        return {
            "run": self.run,
            "backend": self.backend,
            "where": self.where,
            "framework": self.framework,
            "found": self.found,
            "image": self.image,
            "code": self.code.to_json(),
            "job": self.job.to_json(),
            "nodes": [agent.to_json() for agent in self.agents],
            "notices": list(self.notices),
            "manifests": [dict(manifest) for manifest in self.manifests],
            "checks": [one._asdict() for one in self.checks],
        }
