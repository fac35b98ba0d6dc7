"""The container cannot be started: what it should run is not in the image, or may not be run."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_WORDS = frozenset(
    {"StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"}
)
#: The runtime's own layers before what it met.
_CHAIN = re.compile(r".*(?:unable to start container process|OCI runtime \w+ failed): ", re.DOTALL)
_MISSING = re.compile(r'exec: "([^"]+)"')


def look(pod: Pod, seen: Seen) -> Trouble | None:
    if pod.ended is not None and pod.ended.reason in _WORDS:
        said = pod.ended.message
    elif pod.waiting in _WORDS:
        said = pod.detail
    else:
        return None
    said = _CHAIN.sub("", said).removesuffix(": unknown")
    missing = _MISSING.search(said)
    if missing:
        text = f"image {pod.image} has no {missing.group(1)} that could be run"
        remedy = "name the interpreter that the image has (--python), or leave that out; "
        remedy += "what the pod: overlay changes must leave the command alone"
        return Trouble("not-startable", text, remedy, (said,), hopeless=True)
    text = f"its container cannot be started: {said.splitlines()[0] if said else pod.waiting}"
    return Trouble("not-startable", text, "see the whole pod: rankzero describe", (said,))


find = by(look)
