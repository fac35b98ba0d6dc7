"""Volumes with names, wherever they are: what a place does with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rankzero.backends.base import Fetching, Helper
from rankzero.errors import BadRequest

if TYPE_CHECKING:
    from rankzero.spec.pods import Source

Say = Callable[[Fetching], None]


class VolumeInfo(NamedTuple):
    """size: as the place counts it, else as it was asked for. access: Kubernetes' words.
    phase: `Bound`, `Pending` or `Lost`. used_by: runs, and pods that are none's. ours: whether
    rankzero made it. of_a_run: it goes with that run. created: seconds since the epoch."""

    name: str
    size: str
    storage_class: str
    access: tuple[str, ...]
    phase: str
    used_by: tuple[str, ...]
    where: str
    created: float
    ours: bool = True
    of_a_run: str = ""


class Made(NamedTuple):
    """new: it was not there yet. phase: as VolumeInfo's; note: what it waits for, empty where it
    waits for nothing."""

    new: bool
    phase: str
    note: str = ""


class Proof(NamedTuple):
    """A volume was made, mounted, written and read. seconds: until it could be written; free: bytes
    that it has room for, -1 where nobody knows."""

    where: str
    storage_class: str
    access: str
    seconds: float
    free: int


class Moved(NamedTuple):
    """What is there after a copy: of the files and bytes all; skipped: what was left out, for it is
    neither file nor folder, or leads elsewhere. to: where it is now."""

    files: int
    size: int
    skipped: tuple[str, ...]
    to: str


class Volumes(Protocol):
    """Every method raises `rankzero.errors.Error` and nothing else for what a user or the place
    did."""

    def all(self) -> list[VolumeInfo]:
        """By name."""
        ...

    def make(self, name: str, source: Source) -> Made:
        """What is there already is never changed. Errors: BadRequest where it is there otherwise,
        Refused where it never could be."""
        ...

    def remove(self, name: str, *, force: bool = False) -> None:
        """With all that is on it. Errors: BadRequest where it is in use, or, unless forced, was
        not made by rankzero."""
        ...

    def check(self, source: Source, helper: Helper) -> Proof:
        """Make one, mount it, write and read it, and take it away again. Errors: Refused with why
        that does not work; nothing is left then either."""
        ...

    def put(self, source: Path, name: str, path: str, tell: Say, helper: Helper) -> Moved:
        """Send a file, or what is in a folder, to a path in a volume. Errors: Refused, where it
        came only in part too; the next call goes on from there."""
        ...

    def get(self, name: str, path: str, to: Path, tell: Say, helper: Helper) -> Moved:
        """Bring a file, or what is in a folder, from a path in a volume."""
        ...


#: Of those who use a volume: what stands before a service's name; a run has its id alone.
SERVICE = "service "


def in_use(name: str, users: Sequence[str]) -> BadRequest:
    """users: runs by their ids, services behind SERVICE."""
    service = users[0].removeprefix(SERVICE)
    remedy = f"Stop it first: rankzero stop {users[0]}"
    if users[0] != service:
        remedy = f"Delete that first, and wait for its pods: rankzero serve delete {service}"
    text = f"the volume {name} is in use by {', '.join(users)}; nothing was deleted."
    return BadRequest(text, remedy)


def absent(name: str, known: list[str], where: str) -> BadRequest:
    """There is no such volume."""
    from rankzero.backends.places import near

    meant = near(name, known) or (f" There is: {', '.join(known)}." if known else "")
    return BadRequest(
        f'There is no volume "{name}" in {where}.{meant}',
        f"Make it: rankzero volume create {name} --size 5Gi",
    )
