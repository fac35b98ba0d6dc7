"""The place whose services a command means: the one that was named; else this machine, where it has
a service of that name; else the current cluster, or where else something was sent to from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero import backends
from rankzero.backends.kubernetes.kubeconfig import configured
from rankzero.backends.places import LOCAL, Where, near, to_deploy
from rankzero.backends.together import together
from rankzero.errors import BadRequest, Error, Refused

if TYPE_CHECKING:
    from rankzero.backends.services.kept import Kept
    from rankzero.backends.services.model import Service


def place(where: Where) -> Kept:
    """Where a service would be deployed. Errors: BadRequest, SpecError."""
    config = backends.config()
    name, found = to_deploy(where, config)
    defaults = config.defaults_at(name)
    if found.backend == LOCAL:
        from rankzero.backends.local.services.here import Here

        return Here(defaults)
    from rankzero.backends.kubernetes.services.finding import there
    from rankzero.backends.kubernetes.services.there import There

    return There(there(found, where), defaults)


def having(name: str, where: Where) -> Kept:
    """Where a service of this name is, or would be. Errors: BadRequest, also where there can be no
    other place than this machine, which has none; SpecError."""
    from rankzero.backends.local.services.folder import Services

    if where.on or where.on_cluster:
        return place(where)
    here = Services()
    if here.folder(name).exists:
        return place(Where(on=LOCAL))
    if not configured():
        meant = near(name, [one.name for one in here])
        text = f'There is no service "{name}" on this machine, and no kubeconfig says where else.'
        raise BadRequest(text + meant, "See them all: rankzero serve list")
    return _on_cluster(name, where)


def _on_cluster(name: str, where: Where) -> Kept:
    """The namespace that has it, of all that something was sent to from here."""
    from rankzero.backends.kubernetes.services.finding import find
    from rankzero.backends.kubernetes.services.there import There

    config = backends.config()
    called, found = to_deploy(where, config)
    return There(find(name, found, where), config.defaults_at(called))


def everything(where: Where) -> tuple[list[Service], list[Refused]]:
    """All services that are meant: those of this machine first, then those of the default place and
    of all others that something was sent to from here; and why some could not be asked. Errors: of
    a place that was named, or where nothing was found and the default place does not answer."""
    if where.on or where.on_cluster:
        return place(where).all(), []
    found = place(Where(on=LOCAL)).all()
    default = to_deploy(where, backends.config())[1]
    if default.backend == LOCAL or not configured():
        return found, []
    from rankzero.backends.kubernetes import known
    from rankzero.backends.kubernetes.services.finding import elsewhere, there
    from rankzero.backends.kubernetes.services.looking import every

    first, *others = known(default)
    answers = together(
        [first, *others],
        lambda one: every(there(one, where) if one == first else elsewhere(one)),
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
