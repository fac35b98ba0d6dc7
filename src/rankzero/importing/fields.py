"""A mapping of a source, read key by key, so that nothing in it is lost without a word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rankzero.importing.findings import Findings
from rankzero.spec import units
from rankzero.spec.given import Given
from rankzero.spec.problems import Place, near, shown

#: What is said of a key that no part of an import knows.
_UNKNOWN = "nothing stands in its place"


class Fields:
    """The entries of a mapping; what has no value is not there. What nobody has taken when `left`
    is called is noted."""

    def __init__(self, given: Given, findings: Findings) -> None:
        self.place = given.place
        self._findings = findings
        self._taken: set[str] = set()
        if given.value is not None and not isinstance(given.value, dict):
            findings.problem(given.place, f"must be a mapping; got {shown(given.value)}")
        self._entries = {k: one for k, one in given.entries.items() if one.value is not None}

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def names(self) -> Iterable[str]:
        return self._entries.keys()

    def given(self, key: str) -> Given | None:
        """The value as it was given."""
        self._taken.add(key)
        return self._entries.get(key)

    def first(self, *keys: str) -> Given | None:
        """That of the first of several names that is there; any other stays."""
        return next((self.given(key) for key in keys if key in self._entries), None)

    def at(self, key: str) -> Place:
        """A key's place, or the mapping's where it is not there."""
        return self._entries[key].place if key in self._entries else self.place

    def text(self, key: str) -> str | None:
        """A single value as it was written."""
        return self.text_of(self.given(key))

    def text_of(self, given: Given | None) -> str | None:
        if given is None or given.is_scalar:
            return None if given is None else given.text
        self._findings.problem(given.place, f"must be text; got {shown(given.value)}")
        return None

    def whole(self, key: str, least: int = 0) -> int | None:
        """A whole number, not below the least."""
        return self.whole_of(self.given(key), least)

    def whole_of(self, given: Given | None, least: int) -> int | None:
        number = None if given is None else units.whole(given.value)
        if given is None or (number is not None and number >= least):
            return number
        message = f"must be a whole number, at least {least}; got {shown(given.value)}"
        self._findings.problem(given.place, message)
        return None

    def flag(self, key: str) -> bool | None:
        given = self.given(key)
        if given is None or isinstance(given.value, bool):
            return None if given is None else bool(given.value)
        self._findings.problem(given.place, f"must be true or false; got {shown(given.value)}")
        return None

    def table(self, key: str) -> Fields:
        """A mapping, empty where it is not there."""
        return Fields(self.given(key) or Given(None, self.place), self._findings)

    def items(self, key: str) -> list[Given]:
        """What a list holds."""
        given = self.given(key)
        if given is None or isinstance(given.value, list):
            return [] if given is None else given.items
        self._findings.problem(given.place, f"must be a list; got {shown(given.value)}")
        return []

    def tables(self, key: str) -> list[Fields]:
        return [Fields(one, self._findings) for one in self.items(key)]

    def texts(self, key: str) -> list[str]:
        """A list of single values."""
        found = (self.text_of(one) for one in self.items(key))
        return [one for one in found if one is not None]

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping of names to single values."""
        table = self.table(key)
        found = {name: table.text(name) for name in table.names()}
        return {name: text for name, text in found.items() if text is not None}

    def plain(self, key: str) -> Any:  # noqa: ANN401
        """Anything, without its places."""
        given = self.given(key)
        return None if given is None else given.plain()

    def whole_mapping(self) -> dict[str, Any]:
        """All of this mapping, as it is."""
        self._taken.update(self._entries)
        return {key: one.plain() for key, one in self._entries.items()}

    def note(self, key: str, what: str, instead: str) -> None:
        """Tell that a key, if it is there, is not carried over."""
        given = self.given(key)
        if given is not None:
            self._findings.note(given.place, what, instead)

    def pass_over(self, *keys: str) -> None:
        """Keys that say nothing of the job."""
        self._taken.update(keys)

    def default(self, **values: object) -> None:
        """Pass over what says no more than what holds anyway; clusters print that, too."""
        for key, value in values.items():
            if key in self._entries and self._entries[key].plain() == value:
                del self._entries[key]

    def left(self, known: Iterable[str] = ()) -> None:
        """Note every key that nobody took. known: names that may have been meant, besides."""
        words = {*self._taken, *known}
        for key, given in self._entries.items():
            if key not in self._taken:
                meant = near(key, {word.lower(): word for word in words})
                right = next((word for word in words if word.lower() == meant), None)
                hint = f'; did you mean "{right}"?' if right and right not in self._entries else ""
                self._findings.note(given.place, f"is not carried over{hint}", _UNKNOWN)
