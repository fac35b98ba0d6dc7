"""Which runs a verb means: those named, or those that labels select."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rankzero import backends
from rankzero.errors import BadRequest

if TYPE_CHECKING:
    from rankzero.backends.base import Backend, RunInfo


def matches(labels: Mapping[str, str], selectors: tuple[str, ...]) -> bool:
    """Whether all of `k=v`, `k!=v` and `k` hold. Errors: BadRequest for one without a key."""
    return all(_holds(labels, selector) for selector in selectors)


def _holds(labels: Mapping[str, str], selector: str) -> bool:
    key, sign, value = selector.partition("=")
    unequal = key.endswith("!")
    key = key.removesuffix("!").strip()
    if not key:
        raise BadRequest(f'-l: "{selector}" selects nothing; write K=V, K!=V or K.')
    if not sign:
        return key in labels
    return (labels.get(key) == value.strip()) != unequal


def selected(selectors: tuple[str, ...]) -> list[tuple[Backend, RunInfo]]:
    """All runs that the labels select, newest first; without labels all that there are."""
    matches({}, selectors)  # a malformed one is told even where there are no runs
    found = [(backend, info) for backend in backends.every() for info in backend.runs()]
    found.sort(key=lambda pair: -pair[1].created)
    return [pair for pair in found if matches(pair[1].labels, selectors)]


def chosen(
    runs: tuple[str, ...], selectors: tuple[str, ...], every: bool = False
) -> list[tuple[Backend, RunInfo]]:
    """The runs that were named, or selected; naming none is an error, and so is both at once."""
    if runs and (selectors or every):
        raise BadRequest("Name the runs, or select them with -l; not both.")
    if runs:
        return [backends.find(run) for run in dict.fromkeys(runs)]
    if not selectors and not every:
        raise BadRequest("Which run? Name one, or select with -l.", "See them: rankzero list")
    return selected(selectors)
