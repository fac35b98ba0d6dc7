"""What an image is called: a registry, a repository in it, and a tag or a digest.

The grammar is that of the OCI distribution specification, "Pulling manifests", with the habits of
Docker Hub.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rankzero.errors import BadRequest

_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-zA-Z=_-]{32,}")
_LONGEST = 255
#: Where names without a registry lead, and where it answers.
HUB, _HUB_HOST = "docker.io", "registry-1.docker.io"
#: The user of Docker Hub whose name may be left out.
_OFFICIAL = "library"


class Name(NamedTuple):
    """registry: `HOST[:PORT]`, or docker.io. repository: the path in it. tag: `latest` where
    neither tag nor digest was said."""

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def host(self) -> str:
        """Whom to ask."""
        return _HUB_HOST if self.registry == HUB else self.registry

    @property
    def reference(self) -> str:
        """As a registry's interface takes it: the digest counts more than the tag."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def parse(text: str) -> Name:
    """Errors: BadRequest for what no registry could have."""
    if fault := wrong(text):
        raise BadRequest(f'"{text}" is no image name: {fault}.', "Write REGISTRY/NAME:TAG")
    name, _, digest = text.partition("@")
    host, path, tag = _split(name)
    if host in (None, "index.docker.io", _HUB_HOST):
        host = HUB
    if host == HUB and "/" not in path:
        path = f"{_OFFICIAL}/{path}"
    return Name(str(host), path, tag or (None if digest else "latest"), digest or None)


def to_push(text: str) -> Name:
    """A name under which something may be pushed. Errors: BadRequest, before anything is sent."""
    name = parse(text)
    if name.digest:
        raise BadRequest(
            f'"{text}" has a digest, which follows from what is pushed.', "Write REGISTRY/NAME:TAG"
        )
    if name.registry == HUB and name.repository.startswith(f"{_OFFICIAL}/"):
        short = name.repository.partition("/")[2]
        raise BadRequest(
            f'"{text}" would be one of Docker Hub\'s own images, which nobody else may push.',
            f"Write your user's name before it, USER/{short}, or a registry's: REGISTRY/{short}",
        )
    return name


def wrong(image: str) -> str:
    """What is wrong with a name; empty where nothing is."""
    if image != image.strip() or not image:
        return "it is empty, or has spaces around it"
    name, at, digest = image.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return f'"{digest}" after @ is no digest, such as sha256:...'
    host, path, tag = _split(name)
    if host is not None and not _HOST.fullmatch(host):
        return f'"{host}" is no registry'
    if tag is not None and not _TAG.fullmatch(tag):
        return f'"{tag}" after : is no tag (letters, digits, _ . - and at most 128 of them)'
    if len(name) > _LONGEST:
        return f"it has more than {_LONGEST} characters"
    return _of_the_path(path)


def _split(name: str) -> tuple[str | None, str, str | None]:
    """Registry, path and tag. What stands before the first / is a registry where it could not be
    part of a path: it has a dot or a colon, or is localhost."""
    first, slash, rest = name.partition("/")
    host = None
    if slash and (set(".:[") & set(first) or first == "localhost"):
        host, name = first, rest
    path, colon, tag = name.partition(":")
    return host, path, tag if colon else None


def _of_the_path(path: str) -> str:
    for part in path.split("/"):
        if not part:
            return "a part of it is empty"
        if part != part.lower() and _PART.fullmatch(part.lower()):
            return f'"{part}" has capital letters; names are lower case'
        if not _PART.fullmatch(part):
            return f'"{part}" may have lower-case letters, digits, and single . _ - between them'
    return ""
