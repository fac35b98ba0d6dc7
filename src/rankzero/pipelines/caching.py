"""What the cache gets of a pipeline that is being driven: only results of the code that their keys
were made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rankzero.agent.loop import Loop, Timer
from rankzero.driver.facts import Output
from rankzero.errors import Error
from rankzero.pipelines.code import Code
from rankzero.pipelines.store import Store

#: How long results are gathered: one look at the code is enough for all of them (seconds).
_GATHER = 0.25


class Caching:
    """See `driver.walk.Cache`. Code that has the stamp now that it was planned with, was so all the
    time.

    planned: step -> its paths and stamp. note: told what a user should know.
    """

    def __init__(
        self,
        loop: Loop,
        artifacts: Store,
        code: Code,
        planned: Mapping[str, Mapping[str, Any]],
        note: Callable[[str], None],
    ) -> None:
        self._loop, self._artifacts, self._note = loop, artifacts, note
        self._code, self._planned = code, planned
        self._waiting: dict[str, tuple[str, Mapping[str, Output]]] = {}
        self._timer: Timer | None = None

    def find(self, key: str) -> Mapping[str, Output] | None:
        return self._artifacts.find(key)

    def keep(self, key: str, step: str, outputs: Mapping[str, Output]) -> None:
        self._waiting[key] = step, outputs
        if self._timer is None:
            self._timer = self._loop.after(_GATHER, self.flush)

    def flush(self) -> None:
        """Keep now what was gathered."""
        waiting, self._waiting, self._timer = self._waiting, {}, None
        same: dict[tuple[str, ...], bool] = {}
        for key, (step, outputs) in waiting.items():
            planned = self._planned[step]
            paths = tuple(planned["paths"])
            if paths not in same:
                same[paths] = self._stamp(paths) == planned["stamp"]
            if not same[paths]:
                self._note("its code has changed meanwhile: later runs do not take its results")
                continue
            try:
                self._artifacts.keep(key, outputs)
            except OSError as error:
                self._note(f"the cache takes no results ({error.strerror})")
                return

    def _stamp(self, paths: tuple[str, ...]) -> str:
        """Empty where some of it is gone."""
        try:
            return self._code.stamp(paths)
        except Error:
            return ""
