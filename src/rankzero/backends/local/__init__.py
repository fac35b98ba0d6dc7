"""Runs as processes on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rankzero.backends.places import Place
from rankzero.errors import Refused

if TYPE_CHECKING:
    from rankzero.backends.base import RunInfo
    from rankzero.backends.local.backend import LocalBackend as LocalBackend

__all__ = ["LocalBackend", "at", "everywhere", "ids", "known"]

_HERE = Place("local")


def at(place: Place) -> LocalBackend:
    """The backend; there is one place."""
    from rankzero.backends.local.backend import LocalBackend

    return LocalBackend()


def known(default: Place) -> list[Place]:
    """Where there may be runs: to look here costs nothing."""
    return [_HERE]


def everywhere(place: Place) -> tuple[list[tuple[Place, RunInfo]], list[Refused]]:
    """All runs; nothing hides them."""
    return [(_HERE, info) for info in at(place).runs()], []


def ids() -> list[str]:
    """The ids of all runs, in order; costs no import of the backend, for Tab must be quick."""
    from rankzero.backends.local.folder import Runs

    return sorted(folder.run for folder in Runs())


def __getattr__(name: str) -> object:
    # The supervisor lives in this package and must start without what the backend imports.
    if name == "LocalBackend":
        from rankzero.backends.local.backend import LocalBackend

        return LocalBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
