"""The places where runs can happen, and the way from a run's id to the place where it is.

A backend's module is imported when it is first asked for: none of them costs a command that
does not need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from rankzero.errors import BadRequest, Refused, UnknownRun

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, RunInfo

#: name -> package and class, in the order in which runs are looked for. The package has `ids()`,
#: and `used()`: whether this user may have runs there.
_PLACES = {
    "local": ("rankzero.backends.local", "LocalBackend"),
    "kubernetes": ("rankzero.backends.kubernetes", "KubernetesBackend"),
}
_made: dict[str, Backend] = {}
#: What stands for the newest run where an id is expected.
NEWEST = "-"


def names() -> list[str]:
    """The backends that `--on` accepts."""
    return list(_PLACES)


def get(name: str) -> Backend:
    """The backend of this name. Errors: BadRequest with the near name."""
    if name not in _PLACES:
        meant = _near(name, _PLACES) or f" There is: {', '.join(names())}."
        raise BadRequest(f'There is no backend "{name}".{meant}')
    if name not in _made:
        module, kind = _PLACES[name]
        _made[name] = getattr(import_module(module), kind)()
    return _made[name]


def every() -> Iterator[Backend]:
    """The backends that this user has used, in the order in which runs are looked for."""
    return (get(name) for name, (module, _) in _PLACES.items() if import_module(module).used())


def everywhere() -> tuple[list[tuple[Backend, RunInfo]], list[Refused]]:
    """All runs, and why some places could not be asked."""
    found: list[tuple[Backend, RunInfo]] = []
    silent = []
    for backend in every():
        try:
            found += [(backend, info) for info in backend.runs()]
        except Refused as refused:
            silent.append(refused)
    return found, silent


def ids() -> list[str]:
    """The ids of all runs. For Tab: each place's package knows them without its backend."""
    return [run for module, _ in _PLACES.values() for run in import_module(module).ids()]


def find(run: str) -> tuple[Backend, RunInfo]:
    """The run with this id, or the only one whose id starts so; `-` is the newest of all.

    Errors: UnknownRun, which names the candidates or the nearest id; Refused where it may be in
    a place that cannot be asked.
    """
    if run == NEWEST:
        return _newest()
    for backend in every():
        with suppress(UnknownRun, Refused):
            return backend, backend.run(run)
    found, silent = everywhere()
    known = {info.run: (backend, info) for backend, info in found}
    meant = [name for name in known if run and name.startswith(run)]
    if len(meant) == 1:
        return known[meant[0]]
    if silent and not meant:
        raise silent[0]
    hint = "See them all: rankzero list" + ("; - is the newest run" if meant else "")
    raise UnknownRun(_unknown(run, meant, list(known)), hint)


def _newest() -> tuple[Backend, RunInfo]:
    found, silent = everywhere()
    if silent and not found:
        raise silent[0]
    if not found:
        raise UnknownRun("There is no run yet.", "Start one: rankzero run train.py")
    return max(found, key=lambda pair: pair[1].created)


def _unknown(run: str, meant: list[str], known: list[str]) -> str:
    if meant:
        shown = ", ".join(meant[:5]) + (", ..." if len(meant) > 5 else "")
        return f'"{run}" could be {len(meant)} runs: {shown}.'
    return f'There is no run "{run}".' + _near(run, known)


def _near(word: str, known: Iterable[str]) -> str:
    """The question after the nearest word, or nothing where none is near."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1)
    return f' Did you mean "{near[0]}"?' if near else ""
