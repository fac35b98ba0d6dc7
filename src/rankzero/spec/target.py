"""The command line's way to a job: a job file or a script, and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rankzero.spec.given import Given
from rankzero.spec.making import build, load
from rankzero.spec.model import Job
from rankzero.spec.overrides import Overrides
from rankzero.spec.params import escape
from rankzero.spec.problems import Place, Problem, SpecError

JOB_FILES = (".yaml", ".yml", ".json")


def from_target(
    target: str | None = None,
    *,
    module: str | None = None,
    command: Sequence[str] = (),
    args: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    sets: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    dashes: bool = True,
    defaults: Given | None = None,
    marked: bool = False,
) -> Job:
    """The job that a command line, or a call from Python, asks for.

    target: a job file (`.yaml`, `.yml`, `.json`) or a script; or give `module` or `command`.
    args: the words after `--`, exactly as the script will see them.
    options, sets, labels: see `Overrides`. Strings are taken as the same words in a job file.
    dashes: whether errors name an option `--nodes` or, for Python, `nodes`.
    defaults: what a job file may say, weaker than all of these.
    marked: see `Overrides`.

    Errors: SpecError, with every problem.
    """
    given = [name for name, one in (("a module", module), ("a command", command)) if one]
    if target is not None:
        given.insert(0, target)
    if len(given) != 1:
        message = (
            f"say one thing to run; got {' and '.join(given)}"
            if given
            else ("say what to run: a script, a job file, a module or a command")
        )
        raise SpecError([Problem(Place(), message)])
    beneath = defaults or Given({})
    overrides = Overrides(options or {}, tuple(args), tuple(sets), labels or {}, dashes, marked)
    if target is not None and target.lower().endswith(JOB_FILES):
        return load(target, overrides=overrides, defaults=beneath)
    if target is not None:
        run: dict[str, Any] = {"script": escape(target)}
    elif module:
        run = {"module": escape(module)}
    else:
        run = {"command": [escape(word) for word in command]}
    return build({"run": run}, overrides=overrides, defaults=beneath)
