"""Which runs a verb means: those named, or those that labels select."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rankzero import backends
from rankzero.agent import events as ev
from rankzero.agent import exits
from rankzero.backends.base import LogQuery
from rankzero.backends.places import ANYWHERE, Where
from rankzero.cli.show import terminal
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


class Selected(list[tuple["Backend", "RunInfo"]]):
    """Runs. code: 0, or `exits.REFUSED` where some place could not be asked, which may have more:
    the end of a verb that is to do something with all of them."""

    code = exits.DONE


def selected(selectors: tuple[str, ...], where: Where = ANYWHERE) -> Selected:
    """All runs that the labels select, newest first; without labels all that there are."""
    matches({}, selectors)  # a malformed one is told even where there are no runs
    found, silent = backends.everywhere(where)
    if silent and not found and len(silent) == len(backends.every(where)):
        raise silent[0]  # nobody knows whether there are any
    for refused in silent:
        terminal.err().say(f"  note: {refused.args[0]}")
    found.sort(key=lambda pair: -pair[1].created)
    runs = Selected(pair for pair in found if matches(pair[1].labels, selectors))
    runs.code = exits.REFUSED if silent else exits.DONE
    return runs


def chosen(
    runs: tuple[str, ...],
    selectors: tuple[str, ...],
    every: bool = False,
    where: Where = ANYWHERE,
) -> Selected:
    """The runs that were named, or selected; naming none is an error, and so is both at once."""
    if runs and (selectors or every):
        raise BadRequest("Name the runs, or select them (-l, --all, --older-than); not both.")
    if runs:
        found = [backends.find(run, where) for run in runs]
        return Selected({info.run: (backend, info) for backend, info in found}.values())
    if not selectors and not every:
        raise BadRequest(
            "Which run? Name one, or select with -l; - is the newest.", "See them: rankzero list"
        )
    return selected(selectors, where)


def named_place(runs: tuple[str, ...], where: Where) -> Backend:
    """Where runs were that are gone: their ids lead nowhere any more. Errors: BadRequest."""
    from rankzero.backends.places import to_look

    if not runs:
        raise BadRequest("Which run? Name it by its whole id, as it was: digits-7f3a.")
    for run in runs:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,62}", run):
            raise BadRequest(f'"{run}" is no run\'s id: of one that is gone, write the whole id.')
    return backends.at(to_look(where, backends.config())[1])


def check_ranks(found: list[tuple[Backend, RunInfo]], asked: frozenset[int] | None) -> None:
    """Errors: BadRequest for a rank that none of the runs has, had, or may still get."""
    if asked is None:
        return
    missing, shown = asked, ""
    for backend, info in found:
        size = _most_ranks(backend, info)
        missing = frozenset(rank for rank in missing if rank >= size)
        if missing:  # what is known of its size may be lost; its lines are not
            query = LogQuery(ranks=missing, tail=1)
            missing -= {block.rank for block in backend.logs(info.run, query)}
        shown = f"{info.run} has {_ranks(size)}"
    if missing and found:
        which = ", ".join(map(str, sorted(missing)[:8]))
        where = shown if len(found) == 1 else "None of the runs has it"
        raise BadRequest(f"There is no rank {which}. {where}.")


def check_nodes(found: list[tuple[Backend, RunInfo]], asked: frozenset[str] | None) -> None:
    """Errors: BadRequest for a node that none of the runs has."""
    from rankzero.backends.places import near

    known = {
        f"{node['role']}/{node['index']}": None
        for backend, info in found
        for node in backend.submitted(info.run).get("nodes") or ()
    }
    missing = sorted((asked or frozenset()) - known.keys())
    if missing and known:
        there = ", ".join([*known][:8]) + (", ..." if len(known) > 8 else "")
        hint = near(missing[0], known)
        raise BadRequest(f"There is no node {missing[0]}.{hint} There is: {there}.")


def _most_ranks(backend: Backend, info: RunInfo) -> int:
    """The largest world size that was asked for, or that a generation had."""
    nprocs = [node.get("nproc") for node in backend.submitted(info.run).get("nodes") or ()]
    known = [nproc for nproc in nprocs if isinstance(nproc, int)]
    if len(known) < len(nprocs) and not info.finished:
        return sys.maxsize  # one rank a GPU: only the node itself will tell
    events = backend.events(info.run)
    had = [int(event.data["world_size"]) for event in events if event.kind == ev.ASSIGNED]
    return max(sum(known), info.history.world_size, *had)


def _ranks(size: int) -> str:
    return "rank 0" if size == 1 else f"ranks 0-{size - 1}"
