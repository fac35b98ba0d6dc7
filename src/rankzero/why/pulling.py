"""What a machine says about an image that it cannot get. Several causes read it."""

from __future__ import annotations

import re

from rankzero.why.seen import ABSENT, Pod

_FAILED = "Failed to pull"
_WAITING = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_BARE = re.compile(r"(Back-off pulling image \S+|)")
#: What stands before the words of the registry itself.
_CHAIN = re.compile(r".*(?:failed to resolve reference|failed to pull image) \S+ ?", re.DOTALL)
_LONGEST = 240


def refusal(pod: Pod) -> str:
    """Why it has no image, in the machine's words; empty where it has one, or still tries."""
    if pod.waiting not in _WAITING and pod.phase != ABSENT:
        return ""
    failed = [one.message for one in pod.said if one.message.startswith(_FAILED)]
    if pod.phase == ABSENT and pod.heard("Started") is not None:
        return ""
    if pod.detail and not _BARE.fullmatch(pod.detail):
        return pod.detail
    return failed[-1] if failed else pod.detail or ("" if pod.phase == ABSENT else pod.waiting)


def image(pod: Pod) -> str:
    """Its name, also where the pod is gone and only events are left."""
    named = re.search(r'image "([^"]+)"', refusal(pod))
    return pod.image or (named.group(1) if named else "")


def core(said: str) -> str:
    """The end of a chain of errors, which is where it began."""
    short = _CHAIN.sub("", said).lstrip(": ") or said
    return short if len(short) <= _LONGEST else "…" + short[1 - _LONGEST :]


def host(image: str) -> str:
    """The registry in an image's name; Docker Hub's where it names none."""
    first, slash, _ = image.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else "docker.io"
