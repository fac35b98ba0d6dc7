"""What all forms are made from: a job, with its nodes as pods whose number and names are fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rankzero.spec.model import Job, Role

#: Relative paths -> contents.
Files = dict[str, str | bytes]


class Note(NamedTuple):
    """What of the job only rankzero can do, and what stands in its place. what: in the job's own
    words."""

    what: str
    instead: str


class Code(NamedTuple):
    """The user's folder. texts, binaries: by the files' names in it; what YAML can show is a text.
    programs: those that can be executed. uses: variables that only rankzero sets, and its package
    as `rankzero`, as far as a file names them. left_out: what of the folder is not here, for
    people.
    """

    texts: Mapping[str, str]
    binaries: Mapping[str, bytes]
    programs: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return sorted([*self.texts, *self.binaries])


@dataclass(frozen=True)
class Part:
    """A role, as Jobs know it.

    pods: how many. each: how many ranks one pod starts; more than one only under torchrun.
    first: the number of its first rank. words: what a rank runs, without the interpreter; args:
    what that gets.
    """

    role: str
    asked: Role
    pods: int
    each: int
    first: int
    image: str
    words: tuple[str, ...]
    args: tuple[str, ...]
    program: bool = False
    completes: bool = True


@dataclass(frozen=True)
class Outline:
    """A job as it is written down. folder: where ranks start. code: what is mounted; None where
    the image has it. notes: what stays behind, once the form is known."""

    job: Job
    framework: str
    parts: tuple[Part, ...]
    folder: str
    code: Code | None
    notes: tuple[Note, ...] = ()

    def uses(self, name: str) -> bool:
        """Whether the code needs a variable that only rankzero would set."""
        if self.code is None:
            return False
        return name in self.code.uses or "rankzero" in self.code.uses
