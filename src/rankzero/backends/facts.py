"""What `why` is asked with: a history, a plan, and the nodes as they look from outside."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rankzero.agent import events as ev
from rankzero.agent.history import History
from rankzero.errors import Refused
from rankzero.why import Facts, Failure
from rankzero.why.seen import Seen

if TYPE_CHECKING:
    from rankzero.backends.base import Backend

_NOTHING = Seen()


def facts(
    backend: Backend,
    run: str,
    history: History,
    plan: Mapping[str, Any] | None = None,
    seen: Seen = _NOTHING,
) -> Facts:
    """plan: as submitted, where the caller has it. seen: what was seen while the run was watched;
    of pods that are gone it is all there is."""
    submitted = backend.submitted(run) if plan is None else plan
    known = seen
    if _asks(history):
        with suppress(Refused):  # what is known without it is better than nothing
            now = backend.observe(run, history)
            # The end of a run takes along those that did not come: as they were before, they tell.
            known = seen.beside(now) if _missing(history) else now.beside(seen)
    return Facts(run, history, submitted, known)


def _missing(history: History) -> bool:
    return history.state == ev.FAILED and (history.cause or {}).get("kind") == "nodes-missing"


def _asks(history: History) -> bool:
    """Whether its nodes may say more than the run's history does."""
    if history.state in (ev.SUCCEEDED, ev.STOPPED):
        return False
    failure = Failure.read(history.cause) if history.cause else Failure()
    told = failure.kind == "rank-failed" and failure.signal != 9
    return history.state != ev.FAILED or not (told or failure.kind in ("refused", "stuck"))
