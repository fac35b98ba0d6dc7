"""The image is for another kind of processor than the machine has."""

from __future__ import annotations

import re

from rankzero.why import pulling
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_SAID = re.compile(
    r"exec format error|no match(ing manifest)? for (platform|linux/\w+)", re.IGNORECASE
)


def look(pod: Pod, seen: Seen) -> Trouble | None:
    ended = pod.ended.message if pod.ended else ""
    said = next((one for one in (ended, pulling.refusal(pod)) if _SAID.search(one)), None)
    if said is None:
        return None
    machine = seen.machine(pod.machine)
    kind = (machine.labels if machine else {}).get("kubernetes.io/arch", "")
    where = f"{pod.machine} ({kind})" if kind else pod.machine or "its machine"
    text = f"image {pulling.image(pod)} is for another processor than {where} has"
    line = next(line for line in said.splitlines() if _SAID.search(line))
    remedy = (
        "an image for several architectures (docker buildx build --platform linux/amd64,"
        "linux/arm64), or machines of its kind (node label kubernetes.io/arch)"
    )
    evidence = (pulling.core(line.strip()),)
    return Trouble("wrong-architecture", text, remedy, evidence, hopeless=True)


find = by(look)
