"""In which part of a cluster a service is: in the likeliest, else in one of the others that
something was sent to from here. What is remembered is a hint where to ask."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from rankzero.backends.kubernetes.cluster import Cluster
from rankzero.backends.kubernetes.services import looking
from rankzero.backends.places import Place, Where
from rankzero.backends.together import together
from rankzero.errors import BadRequest, Error
from rankzero.why.blocked import listed


def there(place: Place, where: Where) -> Cluster:
    """The place that a command means. What is said of a service there repeats what was typed."""
    return _with(place, (where.on, where.context, where.namespace))


def find(name: str, places: list[Place], where: Where) -> Cluster:
    """Where the service is: in the first of these places, which counts more than all others
    together; else in the only one that has it. where: what says that the first is meant.

    Errors: BadRequest where no place has it, or several do; Refused.
    """
    place, *others = places
    here = there(place, where)
    looking.selector(here, name)
    if not others:
        return here
    (answer,) = together([place], lambda _: looking.has(here, name))
    if answer is True:
        return here
    answers = together(others, lambda one: looking.has(elsewhere(one), name))
    having = [one for one, said in zip(others, answers, strict=True) if said is True]
    if len(having) == 1:
        return elsewhere(having[0])
    if having:
        raise _several(name, having)
    if isinstance(answer, Error):
        raise answer
    silent = [one for one, said in zip(others, answers, strict=True) if isinstance(said, Error)]
    raise looking.absent(here, name, f"; no answer of {_named(silent)}" if silent else "")


def elsewhere(place: Place) -> Cluster:
    """A place that no command means by default."""
    return _with(place, (None, place.context, place.namespace))


def _with(place: Place, said: Iterable[str | None]) -> Cluster:
    options = zip(("--on", "--context", "--namespace"), said, strict=True)
    words = [word for name, value in options if value for word in (name, shlex.quote(value))]
    return Cluster(place.context, place.namespace, "".join(f" {word}" for word in words))


def _several(name: str, having: list[Place]) -> BadRequest:
    ways = "; or ".join(elsewhere(one).called(name) for one in having)
    text = f'"{name}" could be {len(having)} services: in {_named(having)}.'
    return BadRequest(text, f"Say which: {ways}")


def _named(places: list[Place]) -> str:
    return listed(map(str, places), 5)
