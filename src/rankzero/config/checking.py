"""What may be said in a configuration: from a tree to a `Config`, with every problem."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from rankzero.config import Config, Profile
from rankzero.spec.given import Given
from rankzero.spec.problems import Problem, did_you_mean, shown

#: What a profile settles where it does not say it.
BACKEND = "kubernetes"
_TOP = ("on", "defaults", "profiles")
#: Defaults for jobs that a profile says in places of their own.
_OWN = ("image", "registry")
_PROFILE = ("backend", "context", "namespace", *_OWN, "defaults")
#: Words of a job file that tell one job from another.
_OF_A_JOB = ("name", "run", "args", "roles", "params")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def namespace_fault(text: str) -> str | None:
    """Why no namespace can have this name; None where one can."""
    if _NAMESPACE.fullmatch(text):
        return None
    return f"must be at most 63 lower-case letters, digits and dashes; got {shown(text)}"


def checked(tree: Given, backends: Collection[str], problems: list[Problem]) -> Config:
    """The configuration in a tree; what is wrong with it joins the problems."""
    checking = _Checking(backends, problems)
    return checking.config(tree)


class _Checking:
    def __init__(self, backends: Collection[str], problems: list[Problem]) -> None:
        self._backends, self._problems = backends, problems

    def config(self, tree: Given) -> Config:
        self._known(tree, _TOP)
        given = self._mapping(tree.entries.get("profiles"))
        profiles = {name: self._profile(name, one) for name, one in given.entries.items()}
        on = self._text(tree, "on", self._place_fault([*self._backends, *profiles]))
        return Config(on, profiles, self._defaults(tree))

    def _profile(self, name: str, given: Given) -> Profile:
        section = self._mapping(given)
        if name in self._backends:
            self._say(given, f"a profile cannot be called {name}: that is a backend's name")
        elif not _NAME.fullmatch(name):
            self._say(given, "a profile's name is letters, digits, dashes, dots and underscores")
        self._known(section, _PROFILE)
        backend = self._text(section, "backend", self._backend_fault) or BACKEND
        if backend == "local":
            for key in ("context", "namespace", *_OWN):
                if key in section.entries:
                    self._say(section.entries[key], "has no meaning where the backend is local")
        return Profile(
            backend,
            self._text(section, "context"),
            self._text(section, "namespace", namespace_fault),
            self._with_own(self._defaults(section), section),
        )

    def _with_own(self, defaults: Given, section: Given) -> Given:
        """A profile's image is a default like others, in a place of its own; so is its registry."""
        said = {key: section.entries[key] for key in _OWN if key in section.entries}
        for key, given in said.items():
            self._text(section, key)
            if key in defaults.entries:
                self._say(given, "is said in the profile's defaults too; keep one of them")
        return defaults.having(**said)

    def _defaults(self, section: Given) -> Given:
        given = self._mapping(section.entries.get("defaults"))
        for key in _OF_A_JOB:
            if key in given.entries:
                self._say(given.entries[key], "belongs to one job: write it into its job file")
        return given

    def _mapping(self, given: Given | None) -> Given:
        if given is None:
            return Given({})
        if not isinstance(given.value, dict):
            self._say(given, f"must be a table; got {shown(given.value)}")
            return Given({})
        return given

    def _known(self, section: Given, keys: Iterable[str]) -> None:
        for key, given in section.entries.items():
            if key not in keys:
                self._say(given, f"unknown key{did_you_mean(key, keys)}")

    def _text(
        self, section: Given, key: str, fault: Callable[[str], str | None] = lambda text: None
    ) -> str | None:
        given = section.entries.get(key)
        if given is None:
            return None
        if not isinstance(given.value, str) or not given.value.strip():
            self._say(given, f"must be text that is not empty; got {shown(given.value)}")
            return None
        if message := fault(given.value):
            self._say(given, message)
            return None
        return given.value

    def _backend_fault(self, text: str) -> str | None:
        if text in self._backends:
            return None
        return f"must be {' or '.join(self._backends)}; got {shown(text)}"

    def _place_fault(self, names: Collection[str]) -> Callable[[str], str | None]:
        def fault(text: str) -> str | None:
            if text in names:
                return None
            return f"there is no backend or profile {text}{did_you_mean(text, names)}"

        return fault

    def _say(self, given: Given, message: str) -> None:
        self._problems.append(Problem(given.place, message))
