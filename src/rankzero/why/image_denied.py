"""The registry does not give the image to this cluster without a password."""

from __future__ import annotations

import re

from rankzero.why import pulling
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_REFUSED = re.compile(
    r"unauthorized|denied|forbidden|authori[sz]ation failed|authentication required"
    r"|no basic auth|insufficient_scope|may require",
    re.IGNORECASE,
)


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said, image = pulling.refusal(pod), pulling.image(pod)
    if not said or not _REFUSED.search(said):
        return None
    host = pulling.host(image)
    remedy = (
        f"make a pull secret (kubectl create secret docker-registry NAME --docker-server={host} "
        "--docker-username=... --docker-password=...), and name it in the job"
    )
    text = f"{host} refuses image {image} to this cluster"
    return Trouble("image-denied", text, remedy, (pulling.core(said),))


find = by(look)
