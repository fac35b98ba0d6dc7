"""There is no such image, or its name is none."""

from __future__ import annotations

import re

from rankzero.why import pulling
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_CAUSE = "image-not-found"
_GONE = re.compile(r"not ?found|manifest unknown|name unknown|does not exist", re.IGNORECASE)


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = pulling.refusal(pod)
    image = pulling.image(pod)
    if pod.waiting == "InvalidImageName":
        text = f'"{image}" is no name of an image'
        remedy = "name it as REGISTRY/NAME:TAG, in lower case (--image); stop this run"
        return Trouble(_CAUSE, text, remedy, (pulling.core(said),), hopeless=True)
    if pod.waiting == "ErrImageNeverPull":
        text = f"image {image} is not on {pod.machine}, and may not be pulled (pull: Never)"
        return Trouble(_CAUSE, text, "let it be pulled (pull: IfNotPresent), or load it there")
    if not said or not _GONE.search(said):
        return None
    remedy = (
        f"check its name and tag (--image) at {pulling.host(image)}; "
        "it is asked for again and again, so one that is pushed now will be found"
    )
    return Trouble(_CAUSE, f"image {image} is not there", remedy, (pulling.core(said),))


find = by(look)
