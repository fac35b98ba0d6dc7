"""What a user has set up beforehand: the default place, named places, and defaults for jobs.

A project's file lies on top of the user's own; both lie beneath job files and the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rankzero.spec.given import Given


@dataclass(frozen=True)
class Profile:
    """A place with a name. What is None here is not settled by it. defaults: for jobs there."""

    backend: str
    context: str | None = None
    namespace: str | None = None
    defaults: Given = field(default=Given({}))


@dataclass(frozen=True)
class Config:
    """on: the default place, a backend's or a profile's name. defaults: for jobs everywhere."""

    on: str | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    defaults: Given = field(default=Given({}))

    def defaults_at(self, place: str) -> Given:
        """What holds for a job in a place, a backend's or a profile's name."""
        from rankzero.spec.beneath import beneath

        profile = self.profiles.get(place)
        return beneath(profile.defaults, self.defaults) if profile else self.defaults


def read(backends: Collection[str]) -> Config:
    """The configuration that holds in the current folder. backends: the names that `--on` knows.

    Errors: SpecError, with every problem of all files.
    """
    from rankzero.config import files

    found = files.found()
    if not found:
        return Config()
    from rankzero.config.checking import checked
    from rankzero.config.tables import table
    from rankzero.spec.beneath import beneath
    from rankzero.spec.problems import Problem, SpecError

    problems: list[Problem] = []
    tree = Given({})
    for file in found:
        given = table(file, problems)
        if file != found[0] and file.path.parent == found[0].path.parent:
            message = f"there is a {found[0]} beside it; keep one of them"
            problems.append(Problem(given.place, message))
        tree = beneath(tree, given)
    config = checked(tree, backends, problems)
    if problems:
        raise SpecError(problems)
    return config
