"""A pod ended before its agent could join: what it ran was not the agent, or could not run."""

from __future__ import annotations

from rankzero.agent import exits
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_OWN = (exits.DONE, exits.RUN_FAILED, exits.FENCED, exits.LEFT)
_LINES = 3


def look(pod: Pod, seen: Seen) -> Trouble | None:
    ended = pod.ended
    if ended is None or pod.running or ended.code is None or ended.code in _OWN:
        return None
    text = f"its pod ended with code {ended.code} before its agent joined"
    lines = [line.rstrip() for line in ended.message.splitlines() if line.strip()]
    remedy = (
        "the agent needs Python 3.8 or newer in the image (--image, --python), "
        "and the command that rankzero gave the pod"
    )
    return Trouble("agent-crashed", text, remedy, tuple(lines[-_LINES:]))


find = by(look)
