"""The pod may not run as root, and its image would."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_SAID = re.compile(r"runAsNonRoot")
_POD = re.compile(r" \(pod: .*\)$")


def look(pod: Pod, seen: Seen) -> Trouble | None:
    if pod.waiting != "CreateContainerConfigError" or not _SAID.search(pod.detail):
        return None
    text = f"image {pod.image} runs as root, or as a user without a number; that is not allowed"
    remedy = "let the pod run as a numbered user (runAsUser), which rankzero does by default"
    return Trouble("bad-user", text, remedy, (_POD.sub("", pod.detail),), hopeless=True)


find = by(look)
