"""Runs as processes on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rankzero.backends.local.backend import LocalBackend as LocalBackend

__all__ = ["LocalBackend", "ids", "used"]


def used() -> bool:
    """Whether there may be runs: to look costs nothing."""
    return True


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
