"""The cluster refuses to make the pod for another reason: an admission webhook, a LimitRange."""

from __future__ import annotations

import re

from rankzero.why import creating
from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import ABSENT, Pod, Seen

_ACCOUNT = re.compile(r'serviceaccount "([^"]+)" not found')
_LONGEST = 300


def look(pod: Pod, seen: Seen) -> Trouble | None:
    said = creating.refusal(pod, seen)
    account = _ACCOUNT.search(said)
    if account:
        name = account.group(1)
        make = seen.kubectl(f"create serviceaccount {name}")
        remedy = f"create it ({make}), or name another"
        return Trouble("pod-refused", f'there is no service account "{name}"', remedy)
    if not said:
        return None
    text = f"the cluster refuses to make its pod: {said[:_LONGEST]}"
    return Trouble("pod-refused", text, "change what it refuses, or ask who set the rule up")


def unread(pod: Pod, seen: Seen) -> Trouble | None:
    """No pod, and nobody who may say why."""
    if pod.phase != ABSENT or pod.said or "events" not in seen.unread:
        return None
    if seen.job(pod.role).held:
        return None
    text = "it has no pod, and you may not read the events that would say why (quota, Pod Security)"
    remedy = "ask for the right to list events in the namespace: rankzero doctor --rbac"
    return Trouble("pod-refused", text, remedy)


find = by(look)
find_unread = by(unread)
