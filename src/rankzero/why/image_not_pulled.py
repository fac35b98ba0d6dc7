"""The image cannot be got for another reason: the registry is silent, or asks for patience."""

from __future__ import annotations

import re

from rankzero.why import pulling
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_OFTEN = re.compile(r"toomanyrequests|\b429\b|rate limit", re.IGNORECASE)
_FULL = re.compile(r"no space left", re.IGNORECASE)
_NO_NAME = re.compile(r"lookup \S+|no such host", re.IGNORECASE)


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said, image = pulling.refusal(pod), pulling.image(pod)
    if not said:
        return None
    text, remedy = _read(said, pulling.host(image), pod.machine or "the machine")
    where = f"image {image} cannot be pulled"
    return Trouble("image-not-pulled", f"{where}: {text}", remedy, (pulling.core(said),))


def _read(said: str, host: str, machine: str) -> tuple[str, str]:
    if _OFTEN.search(said):
        return f"{host} was asked too often", "wait, or pull with an account, or from a mirror"
    if _FULL.search(said):
        return f"the disk of {machine} is full", "an administrator has to make room there"
    if _NO_NAME.search(said):
        remedy = "check the registry's name (--image), and that the cluster's machines can reach it"
        return f"{machine} finds no {host}", remedy
    return f"{host} did not give it", "check that the cluster's machines can reach the registry"


find = by(look)
