"""What holds a run up on machines that are gone."""

from __future__ import annotations

from typing import NamedTuple


class Held(NamedTuple):
    """A node of a run that a machine holds though it seems to be dead. name: its pod's. lost:
    whether that is certain; when: from when on it is, in seconds since the epoch, None where
    nobody can say. deleted: whether its place was made free."""

    node: str
    name: str
    machine: str
    why: str
    lost: bool
    when: float | None
    deleted: bool
