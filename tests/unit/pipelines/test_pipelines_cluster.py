"""What a pipeline's steps become on a cluster, as far as nobody there is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rankzero.pipelines.cluster.compiling import Compiling, Steps
from rankzero.pipelines.code import Code
from rankzero.plan.kubernetes import Facts, Freight
from rankzero.plan.model import Code as Travelling
from rankzero.spec.given import Given
from rankzero.spec.pipelines.making import build_pipeline, load_pipeline
from rankzero.spec.pipelines.model import Pipeline

RUN = "digits-7f3a"


def there(pipeline: Pipeline, volume: str | None = None) -> Steps:
    folder = Path(pipeline.workdir)
    return Compiling(
        pipeline,
        Facts("lab", "team", "registry/python:3"),
        RUN,
        Freight(b"the agent", (b"part one",), "ab" * 32),
        Travelling(pipeline.workdir, 3, 9000, "ab" * 32),
        Code(folder),
        volume,
        Given({}),
    ).all()


def configs(steps: Steps, name: str) -> list[dict[str, Any]]:
    """What the nodes of a step are told, by role."""
    return [*json.loads(json.dumps(steps.graph[name].body["configs"])).values()]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_function_is_run_by_the_starter_which_records_what_it_raises(work: Path) -> None:
    body = "from rankzero import *\n@step\ndef load(n: int) -> int: return n\n"
    (work / "shipped.py").write_text(f"{body}@pipeline\ndef digits(): load(3)\n")
    (config,) = configs(there(load_pipeline(work / "shipped.py")), "load")
    args = ["shipped.py", "load", "n:int=3", "result:int"]
    assert config["command"] == {"kind": "module", "target": "rankzero.script.step", "args": args}


def test_a_command_is_run_as_it_is(work: Path) -> None:
    pipeline = build_pipeline({"steps": {"a": {"command": "sh -c 'echo 1'"}}}, base=work)
    (config,) = configs(there(pipeline), "a")
    assert config["command"] == {"kind": "command", "target": "sh", "args": ["-c", "echo 1"]}
