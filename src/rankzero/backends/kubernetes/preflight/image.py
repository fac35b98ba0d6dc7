"""Whether a registry could have an image of this name. Pure; the rest a pull tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rankzero.backends.kubernetes.preflight.model import (
    Answers,
    Question,
    Refusal,
    Request,
    Verdict,
)

NAME = "image"

#: The grammar of an image's name: the container image specification, "Distribution", Pull.
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-zA-Z=_-]{32,}")
_LONGEST = 255


def ask(request: Request, answers: Answers) -> Iterator[Question]:
    return iter(())


def judge(request: Request, answers: Answers) -> Verdict:
    images = dict.fromkeys(
        container.get("image", "") for pods in request.pods for container in pods.containers
    )
    refusals = [
        Refusal(f'"{image}" is no image name: {fault}', "write REGISTRY/NAME:TAG", request=True)
        for image in images
        if (fault := wrong(image))
    ]
    return Verdict(tuple(refusals), said=f"a possible name: {', '.join(images)}")


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
