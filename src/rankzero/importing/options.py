"""The options of a launcher's command line, read as its own parser would read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rankzero.importing.findings import Findings
from rankzero.spec.problems import Place, did_you_mean


class Said(NamedTuple):
    """One option as it was typed: by which name it is known, its values, and its own spelling."""

    name: str
    values: tuple[str, ...]
    place: Place

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""


def word_at(word: str, where: Place) -> Place:
    """A word's place: its line's if that has one, else the word itself."""
    if not where.source:
        return Place(option=word)
    return where._replace(path=(*where.path, f"[{word}]"))


class Options:
    """What a launcher is told, and what it is to start.

    known: how many words each option takes, by its name without dashes; `_` counts as `-`.
    short: other names of them. where: the place of the whole line, if it is part of a file.
    """

    def __init__(
        self,
        words: Sequence[str],
        known: Mapping[str, int],
        short: Mapping[str, str],
        findings: Findings,
        where: Place,
    ) -> None:
        self._where = where
        self._known, self._short, self._findings = known, short, findings
        self.said: list[Said] = []
        self.rest = self._read(list(words))

    def last(self, name: str) -> Said | None:
        """What counts where an option is said more than once."""
        return next(reversed(self.all(name)), None)

    def all(self, name: str) -> list[Said]:
        return [one for one in self.said if one.name == name]

    def among(self, names: Mapping[str, str]) -> Iterator[tuple[Said, str]]:
        """Those that were said of a table, each with what the table has for it."""
        return ((one, names[one.name]) for one in self.said if one.name in names)

    def _read(self, words: list[str]) -> list[str]:
        while words and words[0].startswith("-") and words[0] != "-":
            word = words.pop(0)
            if word == "--":
                break
            self._option(word, words)
        return words

    def _option(self, word: str, words: list[str]) -> None:
        typed, equals, value = word.partition("=")
        name = typed.lstrip("-").replace("_", "-")
        name = self._short.get(name, name)
        place = word_at(typed, self._where)
        if name not in self._known:
            dashes = typed[: len(typed) - len(typed.lstrip("-"))]
            known = [dashes + one for one in self._known if len(one) > 1]
            hint = did_you_mean(dashes + name, known)
            self._findings.problem(
                place, f"is no option that is known{hint if '?' in hint else ''}"
            )
            return
        takes = self._known[name]
        values = ([value] if equals else []) + words[: takes - bool(equals)]
        del words[: takes - bool(equals)]
        if len(values) < takes or (equals and not takes):
            wanted = "a value" if takes == 1 else f"{takes} values" if takes else "no value"
            self._findings.problem(place, f"takes {wanted}")
            return
        if self._where.source and any("$" in one for one in values):
            what = f"{' '.join(values)} is known only where it runs"
            self._findings.note(place, what, "it is left out")
            return
        self.said.append(Said(name, tuple(values), place))
