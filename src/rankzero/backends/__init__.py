"""The places where runs can happen, and the way from a run's id to the place where it is.

A backend's module is imported when it is first asked for: none of them costs a command that
does not need it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from rankzero.backends.places import ANYWHERE as ANYWHERE
from rankzero.backends.places import Place, near, to_look
from rankzero.backends.places import Where as Where
from rankzero.backends.places import to_run as to_run
from rankzero.backends.together import together
from rankzero.errors import Error, Refused, UnknownRun

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, RunInfo
    from rankzero.config import Config

    Found = list[tuple[Backend, RunInfo]]

T = TypeVar("T")

#: name -> package, in the order in which runs are looked for. The package has `at(place)`, its
#: backend there; `known(place)`, where this user may have runs; `everywhere(place)`, all runs that
#: can be seen from a place, with theirs, and what could not be seen; and `ids()`.
_PACKAGES = {
    "local": "rankzero.backends.local",
    "kubernetes": "rankzero.backends.kubernetes",
}
_made: dict[Place, Backend] = {}
#: What stands for the newest run where an id is expected.
NEWEST = "-"


def names() -> list[str]:
    """The backends that `--on` accepts."""
    return list(_PACKAGES)


def config() -> Config:
    """What was set up beforehand. Errors: SpecError."""
    from rankzero.config import read

    return read(names())


def get(name: str) -> Backend:
    """The backend that `--on` means by a name. Errors: BadRequest with the near name."""
    return at(to_look(Where(on=name), config())[1])


def at(place: Place) -> Backend:
    """The backend in a place; the same one each time."""
    if place not in _made:
        _made[place] = import_module(_PACKAGES[place.backend]).at(place)
    return _made[place]


def every(where: Where = ANYWHERE) -> list[Place]:
    """The places to look for runs in, the likeliest first: the one that was named, or all that this
    user has used. Errors: BadRequest for a name that nothing has."""
    _, place = to_look(where, config())
    if where.on or where.context or where.namespace:
        return [place]
    found = [one for package in _PACKAGES.values() for one in import_module(package).known(place)]
    if not where.all_namespaces:
        return found
    # One place stands for all namespaces of its context.
    return list({(one.backend, one.context): one for one in reversed(found)}.values())[::-1]


def everywhere(where: Where = ANYWHERE) -> tuple[Found, list[Refused]]:
    """All runs, and why some places could not be asked."""
    return _everywhere(every(where), where)


def _everywhere(places: Sequence[Place], where: Where) -> tuple[Found, list[Refused]]:
    found: Found = []
    silent: dict[str, Refused] = {}
    for answer in _at_once(places, lambda place: _runs(place, where)):
        if isinstance(answer, Error) and not isinstance(answer, Refused):
            raise answer
        infos, notes = ([], [answer]) if isinstance(answer, Refused) else answer
        found += infos
        silent.update({str(note.args[0]): note for note in notes})
    return found, list(silent.values())


def _at_once(places: Sequence[Place], ask: Callable[[Place], T]) -> list[T | Error]:
    """As `together`, with all modules imported before: two threads that import modules which need
    each other may get one that is half done."""
    for place in places:
        at(place)
    return together(places, ask)


def _runs(place: Place, where: Where) -> tuple[Found, list[Refused]]:
    if not where.all_namespaces:
        backend = at(place)
        return [(backend, info) for info in backend.runs()], []
    seen, silent = import_module(_PACKAGES[place.backend]).everywhere(place)
    return [(at(one), info) for one, info in seen], silent


def ids() -> list[str]:
    """The ids of all runs. For Tab: each place's package knows them without its backend."""
    return [run for package in _PACKAGES.values() for run in import_module(package).ids()]


def find(run: str, where: Where = ANYWHERE) -> tuple[Backend, RunInfo]:
    """The run with this id, or the only one whose id starts so; `-` is the newest of all.

    Errors: UnknownRun, which names the candidates or the nearest id; Refused where it may be in
    a place that cannot be asked.
    """
    if run == NEWEST:
        return _newest(where)
    places = every(where)
    if not where.all_namespaces and (exact := _exact(run, places)):
        return exact
    found, silent = _everywhere(places, where)
    meant = [pair for pair in found if pair[1].run == run]
    meant = meant or [pair for pair in found if run and pair[1].run.startswith(run)]
    if len(meant) == 1:
        return _whole(meant[0])
    if silent and not meant:
        raise silent[0]
    hint = "See them all: rankzero list" + ("; - is the newest run" if meant else "")
    raise UnknownRun(_unknown(run, meant, [info.run for _, info in found]), hint)


def _exact(run: str, places: Sequence[Place]) -> tuple[Backend, RunInfo] | None:
    """The likeliest places are asked one by one, all others together."""
    for some in (places[:1], places[1:2], places[2:]):
        answers = _at_once(some, lambda place: (at(place), at(place).run(run)))
        found = [one for one in answers if not isinstance(one, Error)]
        if len(found) == 1:
            return found[0]
        if found:
            break
    return None


def _newest(where: Where) -> tuple[Backend, RunInfo]:
    found, silent = everywhere(where)
    if silent and not found:
        raise silent[0]
    if not found:
        raise UnknownRun("There is no run yet.", "Start one: rankzero run train.py")
    return _whole(max(found, key=lambda pair: pair[1].created))


def _whole(listed: tuple[Backend, RunInfo]) -> tuple[Backend, RunInfo]:
    """With all that its place knows of a run: a list of many tells less of each."""
    backend, info = listed
    return backend, backend.run(info.run)


def _unknown(run: str, meant: Found, known: Sequence[str]) -> str:
    if not meant:
        return f'There is no run "{run}".' + near(run, known)
    ids = [info.run for _, info in meant]
    if len(set(ids)) < len(ids):  # the same id in two places
        ids = [f"{info.run} in {info.where}" for _, info in meant]
    shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
    return f'"{run}" could be {len(ids)} runs: {shown}.'
