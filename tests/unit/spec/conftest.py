"""A folder with a script in it, and short ways to a job and to its problems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rankzero import spec


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `train.py`."""
    (tmp_path / "train.py").write_text("print('hello')\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Callable[..., spec.Job]:
    """`load(text, **overrides)`: the job in a job file with this text."""

    def load(text: str, **overrides: object) -> spec.Job:
        (folder / "job.yaml").write_text(text, encoding="utf-8")
        return spec.load("job.yaml", overrides=spec.Overrides(**overrides))

    return load


@pytest.fixture
def faults(load: Callable[..., spec.Job]) -> Callable[..., list[str]]:
    """`faults(text, **overrides)`: the problems of a job file, each as its line."""

    def faults(text: str, **overrides: object) -> list[str]:
        with pytest.raises(spec.SpecError) as caught:
            load(text, **overrides)
        return [str(problem) for problem in caught.value.problems]

    return faults
