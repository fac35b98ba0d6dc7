"""Pipelines of this machine as they lie on the disk when nobody works in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from rankzero.agent.logs.writer import LogWriter
from rankzero.driver import facts
from rankzero.driver.graph import Step, graph, to_json
from rankzero.pipelines.folder import PipelineFolder, Pipelines
from rankzero.pipelines.ledger import Ledger


def written(
    home: Path,
    run: str,
    steps: Iterable[Step],
    told: Iterable[facts.Fact] = (),
    lines: Mapping[int, bytes] | None = None,
) -> PipelineFolder:
    """One with a history, in a state folder of rankzero's. lines: by the number of an attempt."""
    folder = Pipelines(home).folder(run)
    folder.steps.mkdir(parents=True)
    plan = {
        "name": run.rpartition("-")[0],
        "workdir": str(home),
        "slots": 2,
        "rerun": [],
        "params": {"epochs": 3},
        "steps": to_json(graph(steps)),
        "code": {},
        "skip": [],
    }
    folder.plan_file.write_text(json.dumps(plan), encoding="utf-8")
    ledger = Ledger(folder.ledger_file)
    for fact in told:
        ledger.append(fact)
    ledger.close()
    writer = LogWriter(str(folder.lines), 1 << 20)
    for number, data in (lines or {}).items():
        writer.append(number, 1, data, 1000.0 + number)
        writer.end(number, 1000.0 + number)
    writer.close()
    os.close(folder.lock.take())  # as its last driver left it
    return folder
