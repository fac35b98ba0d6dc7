"""Pipelines for programs, as `--output json` gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rankzero.driver.facts import Output

if TYPE_CHECKING:
    from rankzero.backends.base import LogBlock
    from rankzero.driver.engine import Given
    from rankzero.pipelines.kept import Kept
    from rankzero.pipelines.progress import Progress, StepInfo


def pipeline_json(folder: Kept, progress: Progress) -> dict[str, Any]:
    """One run: run, name, where (`local`, or a context and namespace), state (`running`,
    `succeeded`, `failed` or `stopped`), driven (whether anybody does, as far as can be known),
    driver (who, where that is worth a word), began, ended, params, steps
    (`step_json`), why (what was said at its end)."""
    plan = folder.plan()
    return {
        "run": folder.run,
        "name": plan["name"],
        "where": folder.where,
        "state": progress.state,
        "driven": folder.driven(),
        "driver": folder.driver(),
        "began": progress.began,
        "ended": None if progress.ended is None else progress.ended.time,
        "params": plan["params"],
        "steps": [step_json(one) for one in progress.steps()],
        "why": "" if progress.ended is None else progress.ended.why,
    }


def step_json(step: StepInfo) -> dict[str, Any]:
    """step, state (those of a pipeline, and `waiting`, `skipped`, `blocked`), done, total and
    failed (of its parts; total is null while the list is not known), cached, attempts, started,
    ended, cause, outputs (name -> `output_json`, or a list of them for a step that goes through a
    list)."""
    data = step._asdict()
    outputs = {name: outputs_json(given) for name, given in step.outputs.items()}
    return {"step": data.pop("name"), **data, "outputs": outputs}


def outputs_json(given: Given) -> object:
    if isinstance(given, Output):
        return output_json(given)
    return [output_json(one) for one in given]


def output_json(output: Output) -> dict[str, Any]:
    """digest (SHA-256), where (the path of an artifact, or null), value (or null), size (bytes)."""
    return {
        "digest": output.digest,
        "where": output.where or None,
        "value": None if output.where else output.value,
        "size": output.size,
    }


def lines_json(run: str, block: LogBlock, progress: Progress) -> Iterator[dict[str, Any]]:
    """A line of a step in a stream: kind `log`, run, time, step, at (its place in a list, or null),
    attempt, text. Bytes that are no UTF-8 stand in text as `\\xff`."""
    attempt = progress.attempts[block.rank]
    head = {
        "kind": "log",
        "run": run,
        "time": block.time,
        "step": attempt.part.step,
        "at": None if attempt.part.at < 0 else attempt.part.at,
        "attempt": attempt.attempt,
    }
    for line in block.data.removesuffix(b"\n").split(b"\n"):
        yield {**head, "text": line.decode("utf-8", "backslashreplace")}


def result_json(folder: Kept, progress: Progress) -> dict[str, Any]:
    """How it ended: kind `result`, and the keys of `pipeline_json`."""
    return {"kind": "result", **pipeline_json(folder, progress)}
