"""A volume is there, and the machine cannot mount it."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_ELSEWHERE = re.compile(r"Multi-Attach error for volume \"([^\"]+)\"")
_VOLUME = re.compile(r"for volume \"([^\"]+)\" ?: ?(.*)", re.DOTALL)


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = pod.heard("FailedMount", "FailedAttachVolume", "FailedMapVolume")
    if said is None or pod.running or pod.over:
        return None
    if _ELSEWHERE.search(said.message):
        text = "its volume is attached to another machine, and can be at one only"
        remedy = "wait until the pod that has it ends, or use a volume for many (ReadWriteMany)"
        return Trouble("not-mounted", text, remedy, (said.message,))
    found = _VOLUME.search(said.message)
    name, why = found.groups() if found else ("", said.message)
    which = f'volume "{name}"' if name else "a volume"
    text = f"{which} cannot be mounted: {why.splitlines()[0].strip() if why else said.reason}"
    return Trouble("not-mounted", text, "check the volume in the job; it is tried again", ())


find = by(look)
