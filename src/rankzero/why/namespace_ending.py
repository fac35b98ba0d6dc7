"""The namespace is being deleted under the run, and waits for its pods while these wait for others.

A Job keeps a pod that failed until another one has taken its place, and nothing new may be made.
"""

from __future__ import annotations

from rankzero.why.blocked import Trouble, by
from rankzero.why.seen import Pod, Seen


def look(pod: Pod, seen: Seen) -> Trouble | None:
    if not (seen.ending and held(pod)):
        return None
    text = "its namespace is being deleted, and waits for what is left of it"
    remedy = f"let go of it: rankzero delete --force {seen.run}"
    return Trouble("namespace-ending", text, remedy, hopeless=True)


def held(pod: Pod) -> bool:
    """Whether it has ended and is to go, and its Job keeps it."""
    return pod.over and pod.leaving


find = by(look)
