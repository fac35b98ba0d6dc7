"""What is wrong with a request: every problem at once, each with its place."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import NamedTuple

from rankzero.errors import BadRequest

#: More lines than this help nobody; the rest is counted.
SHOWN = 20


class Place(NamedTuple):
    """Where a value was said.

    source: the job file as the user named it, empty for Python. path: the user's own way to
    the value (`roles.worker.nproc`). line and column count from 1. option: the command line's
    option or Python's keyword instead, such as `--nodes`.
    """

    source: str = ""
    path: tuple[str, ...] = ()
    line: int | None = None
    column: int | None = None
    option: str | None = None

    def __str__(self) -> str:
        if self.option:
            return self.option
        line = f":{self.line}" if self.source and self.line else ""
        path = dotted(self.path)
        return ": ".join(part for part in (f"{self.source}{line}", path) if part)


class Problem(NamedTuple):
    """One thing that is wrong; as text, `job.yaml:7: roles.worker.nproc: must be ...`."""

    place: Place
    message: str

    def __str__(self) -> str:
        where = str(self.place)
        return f"{where}: {self.message}" if where else self.message


class SpecError(BadRequest):
    """A request that cannot become a job. Nothing was started. `problems` holds all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=_order))
        super().__init__(_report(self.problems))


def dotted(path: Iterable[str | int]) -> str:
    """`("args", 0)` as `args[0]`, `("roles", "worker")` as `roles.worker`."""
    text = ""
    for part in path:
        if str(part).startswith("["):
            text += str(part)
        else:
            text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def near(word: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """The known word that was probably meant. alike: how much of both must be, from 0 to 1."""
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=alike)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message: a near word, or all that are known where they are few."""
    names = list(known)
    found = near(word, names)
    if found:
        return f'; did you mean "{found}"?'
    return f"; known: {', '.join(names)}" if 0 < len(names) <= 8 else ""


def shown(value: object) -> str:
    """A value in a message: short, on one line, and told apart from other types."""
    if value is None:
        return "nothing"
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, (bool, int, float, str)):
        text = json.dumps(value[:200] if isinstance(value, str) else value, ensure_ascii=False)
        return text if len(text) <= 60 else text[:56] + "..."
    return f"a {type(value).__name__}"


def _order(problem: Problem) -> tuple[bool, str, int, int]:
    place = problem.place
    return (place.option is not None, place.source, place.line or 0, place.column or 0)


def _report(problems: tuple[Problem, ...]) -> str:
    count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
    sources = {"" if p.place.option else p.place.source for p in problems}
    subject = (sources.pop() if len(sources) == 1 else "") or "the request"
    lines = [f"{subject} has {count}; nothing was started."]
    lines += [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    return "\n".join(lines)
