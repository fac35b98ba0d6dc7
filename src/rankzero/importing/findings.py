"""What is found out on the way from a source to a job file: what is wrong with the source, and what
of it a job file cannot say."""

from __future__ import annotations

from typing import Any, NamedTuple

from rankzero.spec.problems import Place, Problem, SpecError


class Note(NamedTuple):
    """Something that is not carried over as it was.

    place: where the source says it. what: what becomes of it. instead: what stands in its place.
    """

    place: Place
    what: str
    instead: str

    def __str__(self) -> str:
        where = str(self.place)
        return f"{where}: {self.what}; {self.instead}" if where else f"{self.what}; {self.instead}"

    def to_json(self) -> dict[str, Any]:
        """Plain data: source, line and column (null where there are none), path, what, instead."""
        place = self.place
        return {
            "source": place.source,
            "line": place.line,
            "column": place.column,
            "path": str(place._replace(source="")),
            "what": self.what,
            "instead": self.instead,
        }


class Findings:
    """All that is found in one source. source: what it is called."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self._notes: list[Note] = []

    @property
    def top(self) -> Place:
        """The source as a whole."""
        return Place(self.source)

    @property
    def notes(self) -> tuple[Note, ...]:
        """As they stand in the source, each once."""
        return tuple(sorted(dict.fromkeys(self._notes), key=lambda one: one.place.line or 0))

    def note(self, place: Place, what: str, instead: str, *, once: bool = False) -> None:
        """once: it is enough to say it where it is met first."""
        if once and any((one.what, one.instead) == (what, instead) for one in self._notes):
            return
        self._notes.append(Note(place, what, instead))

    def problem(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place, message))

    def check(self) -> None:
        """Errors: SpecError, where anything is wrong."""
        if self.problems:
            raise SpecError(self.problems)
