"""What the cluster says where it refuses to make a pod at all. Several causes read it."""

from __future__ import annotations

import re

from rankzero.why.seen import ABSENT, Pod, Seen

_HEAD = re.compile(r'^Error creating: (?:pods "[^"]*" is forbidden: )?')


def refusal(pod: Pod, seen: Seen) -> str:
    """Why a node has no pod, in the API server's words; empty where that is not known."""
    if pod.phase != ABSENT:
        return ""
    said = [one.message for one in seen.job(pod.role).said if one.reason == "FailedCreate"]
    return _HEAD.sub("", said[-1]).strip() if said else ""
