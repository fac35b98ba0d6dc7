"""What is kept of a service on this machine: what it was asked to be, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rankzero.errors import BadRequest

#: So many versions can be gone back to, as on a cluster.
KEPT = 10


class Version(NamedTuple):
    """What a service was asked to be at one time. request: by the keys of a service file, with the
    digests of its code and model. workdir: the folder that it was said in; python: the interpreter
    of whoever said it. served: whether it has ever been ready."""

    number: int
    time: float
    changed: str
    request: Mapping[str, Any]
    workdir: str
    python: str
    served: bool = False


class Record(NamedTuple):
    """owner: who keeps it up to date, such as a pipeline; empty for people. port: the one that was
    chosen where none was said; None: none was needed yet. wanted: whether it is to serve.
    current: the number of the version that is to serve. versions: oldest first."""

    name: str
    created: float
    owner: str
    port: int | None
    wanted: bool
    current: int
    versions: tuple[Version, ...]

    @property
    def version(self) -> Version:
        return self.numbered(self.current)

    @property
    def listens_on(self) -> int | None:
        """Its port; None where nobody has chosen one."""
        said = self.version.request.get("port")
        return self.port if said is None else int(said)

    def numbered(self, number: int) -> Version:
        """Errors: BadRequest where there is no such version."""
        found = next((one for one in self.versions if one.number == number), None)
        if found is None:
            there = ", ".join(str(one.number) for one in self.versions if one.number != number)
            raise BadRequest(f"{self.name} has no version {number}. There is: {there}.")
        return found

    def earlier(self, to: int | None) -> Version:
        """A version to go back to, by default the last other one that has served. Errors:
        BadRequest."""
        if to is not None and to == self.current:
            raise BadRequest(f"{self.name} is at version {to} already.")
        others = [one for one in self.versions if one.number != self.current]
        if not others:
            hint = f"See: rankzero serve history {self.name}"
            raise BadRequest(f"{self.name} has no earlier version.", hint)
        request = self.version.request
        served = [one for one in others if one.served and one.request != request]
        return (served or others)[-1] if to is None else self.numbered(to)

    def with_version(self, version: Version) -> Record:
        """With one more, which is to serve; its number is the next one. The oldest go."""
        numbered = version._replace(number=self.versions[-1].number + 1 if self.versions else 1)
        versions = (*self.versions, numbered)[-KEPT:]
        return self._replace(current=numbered.number, versions=versions, wanted=True)

    def having_served(self) -> Record:
        """Of the current version it is known that it was ready."""
        return self._with(self.version._replace(served=True))

    def saying(self, request: Mapping[str, Any]) -> Record:
        """The current version is asked for in other words, which change nothing of what runs."""
        return self._with(self.version._replace(request=request))

    def _with(self, version: Version) -> Record:
        versions = (version if one.number == version.number else one for one in self.versions)
        return self._replace(versions=tuple(versions))

    def to_json(self) -> dict[str, Any]:
        return {**self._asdict(), "versions": [one._asdict() for one in self.versions]}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Record:
        """Errors: TypeError, KeyError for what is none."""
        return cls(**{**data, "versions": tuple(Version(**one) for one in data["versions"])})
