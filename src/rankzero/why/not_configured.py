"""The container's configuration cannot be made into a container, for a reason without a name."""

from __future__ import annotations

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen


def look(pod: Pod, seen: Seen) -> Trouble | None:
    if pod.waiting != "CreateContainerConfigError":
        return None
    text = f"its container cannot be made: {pod.detail or pod.waiting}"
    return Trouble("not-configured", text, "see the whole pod: rankzero describe")


find = by(look)
