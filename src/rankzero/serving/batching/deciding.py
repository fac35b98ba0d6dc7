"""When a batch is begun, with how many, and whether a request may come in at all. Pure: whoever
asks says what time it is."""

from __future__ import annotations

import math
from typing import NamedTuple


class Policy(NamedTuple):
    """most: inputs a batch. wait: how long the first may wait for others (seconds). room: how many
    requests there may be at once, those in the predictor included. patience: how long one batch may
    take before its predictor counts as stuck (seconds)."""

    most: int
    wait: float
    room: int
    patience: float


class Take(NamedTuple):
    """Begin a batch with so many, the oldest."""

    inputs: int


class Wait(NamedTuple):
    """Look again at this time, or when something changes."""

    until: float


#: Nothing to do before something changes.
IDLE = None


def next_batch(
    policy: Policy, waiting: int, oldest: float, busy: bool, now: float
) -> Take | Wait | None:
    """waiting: inputs that are ready, the first since `oldest`. busy: whether the predictor works
    on a batch; what comes meanwhile is the next one."""
    if busy or not waiting:
        return IDLE
    due = oldest + policy.wait
    if waiting >= policy.most or now >= due:
        return Take(min(waiting, policy.most))
    return Wait(due)


def admits(policy: Policy, inside: int) -> bool:
    """Whether one more request may come in."""
    return inside < policy.room


def retry_after(policy: Policy, inside: int, batch_seconds: float) -> int:
    """Seconds until one that is refused now may hope: what those inside take, at least 1."""
    batches = math.ceil(inside / policy.most)
    return max(1, min(60, math.ceil(batches * batch_seconds)))
