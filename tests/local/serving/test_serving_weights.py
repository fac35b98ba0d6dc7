"""A model's file is data, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.errors import BadRequest
from rankzero.serving import weights


@pytest.mark.torch
def test_weights_are_read_and_nothing_that_would_run(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {"a": torch.arange(3.0)}
    torch.save(tensors, tmp_path / "model.pt")
    assert weights(tmp_path)["a"].tolist() == [0, 1, 2]
    save_file(tensors, tmp_path / "model.safetensors")
    assert weights(tmp_path)["a"].tolist() == [0, 1, 2]

    marker = tmp_path / "ran"
    torch.save({"a": Runs(str(marker))}, tmp_path / "evil.pt")
    for path, says in (
        (tmp_path / "evil.pt", "cannot be read as weights"),
        (tmp_path / "missing.pt", "no model at"),
        (tmp_path / "empty", "it holds none"),
        (broken(tmp_path / "broken.safetensors"), "no safetensors file"),
        (broken(tmp_path / "broken.pt"), "cannot be read as weights"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(BadRequest, match=says):
            weights(path)
    assert not marker.exists()


class Runs:
    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self) -> object:
        return (open, (self.file, "w"))


def broken(path: Path) -> Path:
    path.write_bytes(b"broken")
    return path
