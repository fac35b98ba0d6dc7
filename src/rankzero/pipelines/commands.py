"""What process does a step on this machine, and what it leaves in its attempt's folder of how it
went. A function, a job and a service are commands as well."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rankzero.agent import autopsy, process, raised
from rankzero.agent.interpreter import BOOT, root
from rankzero.driver.graph import Step
from rankzero.driver.words import Words
from rankzero.script import step as function

#: By the key in a step's body, the module that does it, and the file that tells it what.
_OURS = {
    "job": ("rankzero.cli.pipeline.job", "job.json"),
    "service": ("rankzero.cli.pipeline.service", "service.json"),
}
#: What those tell: the run that a job was, the record of the rank that failed, and why a service
#: does not serve.
RUN, FAILURE, WHY = "run", "failure.json", "why"
#: Beyond its own grace, how long a service may take until the version before is there (seconds).
_BACK = 30.0
#: The record of what a function has raised.
_ERROR = "error.json"


def argv(step: Step, words: Words, folder: Path) -> list[str]:
    """folder: of the attempt. Errors: OSError."""
    if "argv" in step.body:
        argv = [words.fill(word) for word in step.body["argv"]]
        return _recording(argv, words, folder) if argv[1:3] == ["-m", function.MODULE] else argv
    key = next(key for key in _OURS if key in step.body)
    module, name = _OURS[key]
    told = {**words.fill_all(step.body), "outputs": str(folder / "outputs")}
    file = folder / name
    file.write_text(json.dumps(told), encoding="utf-8")
    boot = f"import sys; sys.path[0] = {root()!r}; from {module} import main; main()"
    return [sys.executable, "-c", boot, str(file)]


def how(step: Step, folder: Path, code: int) -> str:
    """How an attempt has failed, in words."""
    if "service" in step.body:
        return _read(folder / WHY) or process.ended_how(code)
    if "job" not in step.body:
        return raised.how(code, autopsy.exception_in(str(folder / _ERROR)), str(Path.cwd()))
    try:
        failure: dict[str, Any] = json.loads(_read(folder / FAILURE))
    except ValueError:  # no rank is to blame, or it never came so far
        return process.ended_how(code)
    return raised.how(raised.code(failure), failure["exception"], step.body["job"]["workdir"])


def own_grace(step: Step) -> float:
    """What it needs to end what it has started, and of a service to start what served before
    (seconds)."""
    if "service" in step.body:
        return float(step.body["service"]["grace"]) + _BACK
    job = step.body.get("job")
    return 0.0 if job is None else float(job["grace"])


def _recording(argv: list[str], words: Words, folder: Path) -> list[str]:
    """A function's process, which leaves what it raises as data: as ranks do, by their starter."""
    words.environment["RANKZERO_ERROR_FILE"] = str(folder / _ERROR)
    python, _, module, *rest = argv
    return [python, "-c", BOOT.format(root=root()), "module", module, *rest]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
