"""What ranks report (`rankzero.report`), thinned so that a history stays readable and small."""

import json
from typing import Any, Callable, Dict, Optional

from rankzero.agent.loop import Loop, Timer

#: Between two reports of one rank in the history (seconds); the latest of each is never lost.
#: It grows with their number, so that days of training do not fill the disk with them.
INTERVAL, LONGEST, GROWTH = 2.0, 60.0, 1.05


class Reports:
    """Takes the lines of a rank's report pipe; gives on what the history should keep."""

    def __init__(
        self,
        loop: Loop,
        on_report: Callable[[int, Dict[str, Any]], None],
        on_first_step: Callable[[int, float], None],
    ) -> None:
        self._loop = loop
        self._on_report, self._on_first_step = on_report, on_first_step
        self._latest: Dict[int, Optional[Dict[str, Any]]] = {}
        self._timers: Dict[int, Timer] = {}
        self._pauses: Dict[int, float] = {}

    def take(self, rank: int, line: bytes) -> None:
        """One line of a rank: `{"first_step": TIME}` or `{"report": VALUES}`. What is neither was
        not written by `rankzero.script`, and is ignored."""
        try:
            told = json.loads(line)
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        step, values = told.get("first_step"), told.get("report")
        if isinstance(step, float):
            self._on_first_step(rank, step)
        elif not isinstance(values, dict):
            return
        elif rank in self._timers:
            self._latest[rank] = values
        else:
            self._give(rank, values)

    def flush(self) -> None:
        """Give on the latest of every rank now: the ranks have ended."""
        for rank, timer in list(self._timers.items()):
            timer.cancel()
            self._due(rank, again=False)

    def _due(self, rank: int, again: bool = True) -> None:
        latest = self._latest.pop(rank, None)
        del self._timers[rank]
        if latest is not None:
            self._give(rank, latest, again)

    def _give(self, rank: int, values: Dict[str, Any], again: bool = True) -> None:
        self._on_report(rank, values)
        if again:
            pause = self._pauses.get(rank, INTERVAL)
            self._pauses[rank] = min(pause * GROWTH, LONGEST)
            self._timers[rank] = self._loop.after(pause, lambda: self._due(rank))
