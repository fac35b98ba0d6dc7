"""The frameworks that are installed, and what each of them sees. They take by far the longest of
all: they are asked first, all at one time, and heard last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from rankzero.agent.checkup.frameworks import Asked, installed
from rankzero.doctor.machine import AREA
from rankzero.doctor.model import FAILURE, FINE, WARNING, Finding
from rankzero.why.words import count

#: Until one is given up, from when it was asked (seconds).
PATIENCE = 60.0


class Asking:
    """All that are installed, from now on; a context manager, which ends those that are slow."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience

    def __enter__(self) -> Asking:
        self._asked = [Asked(name) for name in installed()]
        self._pool = ThreadPoolExecutor(max(1, len(self._asked)))
        self._answers = [self._pool.submit(one.answer, self._patience) for one in self._asked]
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._asked:
            one.close()
        self._pool.shutdown()

    def findings(
        self, on_waiting: Callable[[Sequence[str]], None] = lambda names: None
    ) -> Iterator[Finding]:
        """One for each, as they answer, or one that says that there is none. on_waiting: the names
        of those that have not."""
        if not self._asked:
            yield Finding(AREA, "frameworks", FINE, "none; commands and plain scripts run without")
        waiting = [one.name for one in self._asked]
        on_waiting(waiting)
        for done in as_completed(self._answers):
            said = done.result()
            yield judged(AREA, said, self._patience)
            waiting.remove(said["name"])
            on_waiting(waiting)


def judged(area: str, said: Mapping[str, Any], patience: float) -> Finding:
    """Of what one says of itself, see `Asked.answer`. Pure."""
    name = said["name"]
    if "late" in said:
        told = f"did not answer within {patience:g} s"
        remedy = "Is the machine busy, its disk slow, or a driver stuck? Ask again later"
        return Finding(area, name, WARNING, told, remedy)
    if "broken" in said:
        remedy = "Install it anew in this environment"
        return Finding(area, name, FAILURE, f"cannot be imported: {said['broken']}", remedy)
    devices, built, more = said["devices"], said["built"], said["more"]
    parts = [said["version"], *([f"for {built}"] if built else [])]
    if said["fault"]:
        told = f"{', '.join(parts)}, sees {devices[0]}, and cannot compute on it: {said['fault']}"
        remedy = "Driver and framework do not fit: install a build for this driver, or a newer one"
        return Finding(area, name, FAILURE, told, remedy)
    if devices is not None:
        parts.append(_seen(devices))
    parts += [f"{key} {one}" for key, one in more.items() if one and isinstance(one, str)]
    without = [key for key, one in more.items() if one is False]
    if without:
        parts.append(f"without {', '.join(without)}")
        remedy = "Ranks on processors cannot talk: install another build"
        return Finding(area, name, WARNING, ", ".join(parts), remedy)
    return Finding(area, name, FINE, ", ".join(parts))


def _seen(devices: Sequence[str]) -> str:
    if not devices:
        return "sees no GPU"
    others = ", ..." if len(devices) > 1 else ""
    return f"computes on {count(len(devices), 'GPU')} ({devices[0]}{others})"
