"""A volume claim that the pod names does not exist."""

from __future__ import annotations

import re

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen

_ABSENT = re.compile(r'persistentvolumeclaim "([^"]+)" (not found|is being deleted)')
_LOST = re.compile(r'persistentvolumeclaim "([^"]+)" bound to non-existent')


def look(pod: Pod, seen: Seen) -> Trouble | None:
    lost = _LOST.search(pod.unplaced)
    if lost:
        text = f'claim "{lost.group(1)}" has lost its volume'
        show = seen.kubectl(f"describe pvc {lost.group(1)}")
        remedy = f"an administrator can say more: {show}"
        return Trouble("missing-claim", text, remedy)
    absent = _ABSENT.search(pod.unplaced)
    if absent is None:
        return None
    name, how = absent.groups()
    text = f'there is no claim "{name}"' if how == "not found" else f'claim "{name}" {how}'
    there = seen.kubectl("get pvc")
    remedy = f"create it, and the pod goes on by itself; those that there are: {there}"
    return Trouble("missing-claim", text, remedy, hopeless=True)


find = by(look)
