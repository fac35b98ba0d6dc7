"""What an attached run waits for: one line, redrawn in place on a terminal, else said once for each
thing that it waits for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rankzero.agent import events as ev
from rankzero.cli.show.amounts import duration
from rankzero.cli.show.lines import visible
from rankzero.cli.show.passing import Passing
from rankzero.cli.show.terminal import BOLD, RED
from rankzero.why.blocked import listed

if TYPE_CHECKING:
    from rankzero.cli.show.terminal import Screen
    from rankzero.why.standing import Place, Standing

#: How many different reasons a line names.
_REASONS = 3
#: How long a run may take to begin before a screen that keeps every line is told (seconds).
_PATIENCE = 3.0
#: How long a trouble has to stay that time may mend, before its remedy is told (seconds).
_STAYS = 10.0
#: Of more nodes than this, only every tenth part that comes is worth a line.
_FEW = 10


def standing_line(standing: Standing, now: float) -> str:
    """`0/2 ready for 20 s  worker/0: pulling its image on gpu-01 (14 s) · worker/1: ...`"""
    groups = standing.grouped()
    words = [f"{listed(names, 2)}: {_text(place, now)}" for names, place in groups[:_REASONS]]
    if len(groups) > _REASONS:
        words.append(f"and {sum(len(names) for names, _ in groups[_REASONS:])} more")
    return f"{_head(standing, now)}  {' · '.join(words)}"


def _head(standing: Standing, now: float) -> str:
    return f"{standing.ready}/{len(standing.places)} ready for {_waited(standing.since, now)}"


def _text(place: Place, now: float) -> str:
    if place.since is None:
        return place.text
    return f"{place.text} ({_waited(place.since, now)})"


def _waited(since: float, now: float) -> str:
    """In whole seconds: the line is drawn anew with each of them."""
    seconds = max(0, round(now - since))
    return f"{seconds} s" if seconds < 100 else duration(seconds)


def distinct(standing: Standing) -> object:
    """What must differ for a standing to be worth telling again; that time passes is not."""
    total = len(standing.places)
    part = standing.ready if total <= _FEW else standing.ready * 10 // total
    return frozenset(place.text for place in standing.waiting), part


class Waiting:
    """The line on a screen of people."""

    def __init__(
        self, screen: Screen, end: str = "it goes on waiting; end it: rankzero stop {}"
    ) -> None:
        """end: what is said below what is hopeless, with the name's place in it; without one,
        nothing is said of that, as where the waiting ends by itself."""
        self._screen, self._end = screen, end
        self._line = Passing(screen)
        self._said: set[object] = set()
        self._latest: Standing | None = None
        self._told: set[str] = set()
        self._met: dict[str, float] = {}

    def show(self, standing: Standing) -> None:
        now = time.time()
        if self._end:
            self._tell_troubles(standing, now)
        self._latest = standing
        if self._line.moves:
            self._line.draw(standing_line(standing, now))
        elif now - standing.since >= _PATIENCE and distinct(standing) not in self._said:
            self._said.add(distinct(standing))  # what comes and goes by turns is said once each
            self._screen.say("  " + visible(standing_line(standing, now)))

    def clear(self) -> None:
        """Before anything else is written."""
        self._line.clear()

    def over(self) -> None:
        """All are there."""
        self.clear()
        if self._said and self._latest is not None:
            total = len(self._latest.places)
            waited = _waited(self._latest.since, time.time())
            self._screen.say(f"  {total}/{total} ready after {waited}")
        self._said.clear()
        self._latest = None

    def says(self, kind: str) -> bool:
        """Whether the line tells already what such an event would."""
        return kind == ev.WAITING and self._latest is not None

    def _tell_troubles(self, standing: Standing, now: float) -> None:
        """What waiting will not mend is told at once, with its remedy; what it may mend, once that
        has taken a while."""
        for names, place in standing.grouped():
            trouble = place.trouble
            if trouble is None or not trouble.remedy or place.text in self._told:
                continue
            first = self._met.setdefault(place.text, now)
            if not trouble.hopeless and now - first < _STAYS:
                continue
            self._told.add(place.text)
            self.clear()
            paint = self._screen.paint
            self._screen.say("  " + paint(visible(f"{listed(names)}: {place.text}"), RED))
            remedy = visible(trouble.remedy)
            self._screen.say(f"  {paint('remedy ', BOLD)} {remedy}")
            self._screen.say("  " + self._end.format(standing.run))
