"""The place whose services a command means: the one that was named; else this machine, where it
has a service of that name; else the cluster that is set up, or where something was sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero import backends
from rankzero.backends.kubernetes import known
from rankzero.backends.places import KUBERNETES, LOCAL, Place, Where, near, to_look, to_run
from rankzero.backends.together import together
from rankzero.errors import BadRequest, Error, Refused

if TYPE_CHECKING:
    from rankzero.backends.services.kept import Kept
    from rankzero.backends.services.model import Service
    from rankzero.config import Config


def place(where: Where) -> Kept:
    """Where a service would be deployed: where a run would be. Errors: BadRequest, SpecError."""
    config = backends.config()
    return _kept(*to_run(where, config), where, config)


def meant(where: Where) -> Kept:
    """Where services are looked for, where one place is meant. Errors: BadRequest, SpecError."""
    config = backends.config()
    return _kept(*to_look(where, config), where, config)


def having(name: str, where: Where) -> Kept:
    """Where a service of this name is, or would be. Errors: BadRequest, also where there can be no
    other place than this machine, which has none; SpecError."""
    from rankzero.backends.local.services.folder import Services

    if where.on or where.on_cluster:
        return meant(where)
    here = Services()
    if here.folder(name).exists:
        return place(Where(on=LOCAL))
    config = backends.config()
    called, found = to_look(where, config)
    if not (places := known(found)):
        text = f'There is no service "{name}" on this machine.'
        close = near(name, [one.name for one in here])
        raise BadRequest(text + close, "See them all: rankzero serve list, --on kubernetes too")
    from rankzero.backends.kubernetes.services.finding import find
    from rankzero.backends.kubernetes.services.there import There

    called = called if found.backend == KUBERNETES else KUBERNETES
    return There(find(name, places, _likeliest(found)), config.defaults_at(called))


def everything(where: Where) -> tuple[list[Service], list[Refused]]:
    """All services that are meant: those of this machine first, then those of the cluster that is
    set up, and of all places that something was sent to from here; and why some could not be asked.

    Errors: of a place that was named, or where nothing was found and the one that is set up does
    not answer.
    """
    if where.on or where.on_cluster:
        return meant(where).all(), []
    config = backends.config()
    found = _kept(LOCAL, Place(LOCAL), where, config).all()
    _, default = to_look(where, config)
    if not (places := known(default)):
        return found, []
    from rankzero.backends.kubernetes.services.finding import elsewhere, there
    from rankzero.backends.kubernetes.services.looking import every

    first = places[0]
    answers = together(
        places,
        lambda one: every(there(one, _likeliest(default)) if one == first else elsewhere(one)),
    )
    for answer in answers:
        if not isinstance(answer, Error):
            found += answer
        elif not isinstance(answer, Refused):
            raise answer
    silent = [answer for answer in answers if isinstance(answer, Refused)]
    if silent and not found and silent[0] is answers[0]:
        raise silent[0]
    return found, silent


def _likeliest(default: Place) -> Where:
    """What a command has to be told to mean the likeliest place in a cluster."""
    return Where(on=None if default.backend == KUBERNETES else KUBERNETES)


def _kept(called: str, found: Place, where: Where, config: Config) -> Kept:
    defaults = config.defaults_at(called)
    if found.backend == LOCAL:
        from rankzero.backends.local.services.here import Here

        return Here(defaults)
    from rankzero.backends.kubernetes.services.finding import there
    from rankzero.backends.kubernetes.services.there import There

    return There(there(found, where), defaults)
