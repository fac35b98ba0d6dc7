"""Which place a command means: what was typed, else the environment, else the configuration."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from rankzero.errors import BadRequest

if TYPE_CHECKING:
    from rankzero.config import Config, Profile

LOCAL, KUBERNETES = "local", "kubernetes"
ON, CONTEXT, NAMESPACE = "RANKZERO_ON", "RANKZERO_CONTEXT", "RANKZERO_NAMESPACE"


class Place(NamedTuple):
    """A backend, and which part of a cluster; None is what the kubeconfig says."""

    backend: str
    context: str | None = None
    namespace: str | None = None

    def __str__(self) -> str:
        if self.backend == LOCAL:
            return LOCAL
        return f"{self.context or 'the current context'}/{self.namespace or 'its namespace'}"


class Where(NamedTuple):
    """What a command was told of the place. on: a backend or a profile.
    all_namespaces: look beyond the one namespace."""

    on: str | None = None
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False

    @property
    def on_cluster(self) -> bool:
        """Whether something was said that only a cluster has."""
        return bool(self.context or self.namespace or self.all_namespaces)


ANYWHERE = Where()


def to_run(where: Where, config: Config) -> tuple[str, Place]:
    """The place to run in, with its name: a backend's or a profile's.

    Errors: BadRequest for a name that nothing has, or a namespace on a laptop.
    """
    name = where.on or os.environ.get(ON) or config.on or LOCAL
    place = _place(name, where, config)
    if place.backend == LOCAL and where.on_cluster:
        option = "--context" if where.context else "--namespace"
        raise BadRequest(
            f"{option} has no meaning on {name}, where this would run.",
            "Say that it is for a cluster: --on kubernetes, or a profile",
        )
    return name, place


def to_look(where: Where, config: Config) -> tuple[str, Place]:
    """The place to look for runs and services in, where one place is meant, with its name: as to
    run in, and a cluster where something was said that only a cluster has."""
    name = where.on or os.environ.get(ON) or config.on or LOCAL
    place = _place(name, where, config)
    if place.backend == LOCAL and where.on_cluster and not where.on:
        return KUBERNETES, _place(KUBERNETES, where, config)
    return to_run(where, config)


def _place(name: str, where: Where, config: Config) -> Place:
    profile = _profile(name, config)
    if profile.backend == LOCAL:
        return Place(LOCAL)
    namespace = where.namespace or profile.namespace or os.environ.get(NAMESPACE) or None
    if namespace is not None:
        _check(namespace)
    context = where.context or profile.context or os.environ.get(CONTEXT) or None
    return Place(profile.backend, context, namespace)


def _profile(name: str, config: Config) -> Profile:
    from rankzero.config import Profile

    if name in (LOCAL, KUBERNETES):
        return Profile(name)
    if name not in config.profiles:
        known = [LOCAL, KUBERNETES, *config.profiles]
        meant = near(name, known) or f" There is: {', '.join(known)}."
        raise BadRequest(f'There is no backend or profile "{name}".{meant}')
    return config.profiles[name]


def _check(namespace: str) -> None:
    from rankzero.config.checking import namespace_fault

    if message := namespace_fault(namespace):
        raise BadRequest(f"A namespace's name {message}.")


def near(word: str, known: Iterable[str]) -> str:
    """The question after the nearest word, or nothing where none is near."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1)
    return f' Did you mean "{close[0]}"?' if close else ""
