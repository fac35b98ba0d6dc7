"""A service of this machine deployed to its first answer, for programs: started, or put in the
place of the one of its name, which comes back where the new one does not become ready."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

from rankzero.backends.local.services import changing, following, looking, planning
from rankzero.backends.local.services.folder import Services
from rankzero.backends.services.model import Changed, Outcome
from rankzero.backends.services.model import Service as Shown
from rankzero.spec.services.model import Service

#: How long one that served before may take to serve again (seconds).
_BACK = 60.0
#: How many of its last lines are handed back where it does not serve.
_LINES = 20
_CUT_OFF = "who deployed it was ended before it was ready"


class Deployed(NamedTuple):
    """How it went. changed: what was new, in words; empty where nothing was touched. outcome: of
    what was to serve; lines: its last ones, where it does not. back: of the version before, where
    that was started again."""

    changed: tuple[str, ...]
    outcome: Outcome
    wait: float
    lines: tuple[str, ...] = ()
    back: Outcome | None = None

    @property
    def ready(self) -> bool:
        return self.outcome.ready

    @property
    def url(self) -> str:
        """Where it is reached, whichever version serves."""
        reach = (self.back or self.outcome).service.reach
        return "" if reach is None else reach.urls[0]

    @property
    def why(self) -> str:
        """Why it does not serve, in one line, with what became of the version before; empty where
        it does."""
        if self.ready:
            return ""
        said = self.outcome.why(self.wait)
        if self.back is None:
            return said
        state = "serves again" if self.back.ready else f"is {self.back.service.state}"
        return f"{said}; undone: the version before {state}"


def deploy(
    service: Service,
    *,
    workdir: Path,
    owner: str = "",
    undo: bool = True,
    tell: Callable[[Shown], None] = lambda _: None,
    services: Services | None = None,
) -> Deployed:
    """Returns once it is ready, cannot become ready, or has had its `wait`. Whoever deploys the
    same name at the same time waits for that.

    service: by `spec.services.making.make(..., needed=())`. workdir: where its predictor, its model
    and its command are looked for. owner: who keeps it up to date, such as a pipeline's name; empty
    for people. One that somebody else owns is left alone. undo: whether the one of its name, that
    served before, is started again where the new one does not become ready, or this is interrupted
    while it waits for that. tell: hears whatever changes meanwhile.

    Errors: BadRequest where it belongs to somebody else, or cannot be served here; Refused.
    """
    here = services or Services()
    name = service.name
    with here.turn(name):
        changed = changing.submit(here, planning.plan(here, service, workdir, owner))
        undo = undo and bool(changed.before)
        try:
            outcome = _through(following.until_ready(here, name, changed), tell)
        except BaseException:  # also SystemExit: whoever is ended meanwhile
            if undo:
                _undone(here, name, changed, _CUT_OFF, tell)
            raise
        if outcome.ready:
            return Deployed(changed.what, outcome, changed.wait)
        lines = looking.last_lines(here.folder(name), _LINES)
        back = _undone(here, name, changed, outcome.why(changed.wait), tell) if undo else None
        return Deployed(changed.what, outcome, changed.wait, lines, back)


def _undone(
    here: Services,
    name: str,
    changed: Changed,
    why: str,
    tell: Callable[[Shown], None],
) -> Outcome | None:
    taken_back = changing.undo_own(here, name, changed, why)
    if taken_back is None:
        return None
    return _through(following.until_ready(here, name, taken_back._replace(wait=_BACK)), tell)


def _through(steps: Generator[Shown, None, Outcome], tell: Callable[[Shown], None]) -> Outcome:
    while True:
        try:
            tell(next(steps))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
