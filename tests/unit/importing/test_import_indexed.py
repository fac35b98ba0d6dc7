"""A Job of Kubernetes: how many nodes it is, and what keeps a job file from running here."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rankzero import importing
from rankzero.importing.obstacles import obstacles
from rankzero.spec import SpecError

CONTAINER = {"name": "a", "image": "a:1", "command": ["python", "train.py"], "workingDir": "/app"}


def job(**spec: object) -> importing.Imported:
    template = {"spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
    document = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "a"},
        "spec": {"template": template, **spec},
    }
    return importing.from_text(yaml.safe_dump(document), "job.yaml")


def noted(made: importing.Imported) -> str:
    return "\n".join(map(str, made.notes))


@pytest.mark.parametrize(
    ("spec", "nodes", "notes"),
    [
        ({}, 1, []),
        ({"completions": 4, "parallelism": 4, "completionMode": "Indexed"}, 4, []),
        ({"completions": 4, "completionMode": "Indexed"}, 4, ["1 at a time is not carried over"]),
        (
            {"completions": 4, "parallelism": 2, "completionMode": "Indexed"},
            4,
            ["2 at a time is not carried over", "all 4 nodes run together"],
        ),
        ({"completions": 3, "parallelism": 3}, 3, ["its pods are alike and do not know each"]),
        ({"parallelism": 3, "completionMode": "Indexed"}, 3, []),
    ],
)
def test_how_many_nodes_a_job_is(
    spec: dict[str, object], nodes: int | None, notes: list[str]
) -> None:
    made = job(**spec)
    said = noted(made)
    assert made.job.get("nodes") == nodes
    assert [one for one in notes if one not in said] == []
    assert bool(notes) == any(one in said for one in ("at a time", "do not know each other"))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"completionMode": "indexed"}, 'must be Indexed or NonIndexed; did you mean "Indexed"?'),
        ({"completions": -1}, "must be a whole number, at least 1; got -1"),
        ({"parallelism": "many"}, 'must be a whole number, at least 1; got "many"'),
    ],
)
def test_what_no_job_can_say_has_its_place(spec: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError) as told:
        job(**spec)
    (problem,) = told.value.problems
    assert said in problem.message
    assert str(problem.place).endswith(f"spec.{next(iter(spec))}")


def test_what_keeps_it_from_running_where_it_stands_is_told(tmp_path: Path) -> None:
    made = importing.from_words(["torchrun", "train.py"])
    (missing,) = obstacles(made, tmp_path)
    assert "train.py" in missing
    (tmp_path / "train.py").touch()
    assert obstacles(made, tmp_path) == []


def test_a_line_in_quotes_that_no_shell_would_take_is_no_launcher_s() -> None:
    with pytest.raises(SpecError, match="is no launcher; known are torchrun"):
        importing.from_words(["torchrun 'train.py"])
