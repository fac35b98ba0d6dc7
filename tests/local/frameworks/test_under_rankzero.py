"""The examples as a user runs them: the command, the agents, the real framework, the result.

Every run may restart once: PyTorch 2.15 on gloo now and then aborts in the interpreter's own end
("terminate called without an active exception"), under torchrun as well as here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support.home import Home

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.torch
def test_digits_train_on_two_nodes_and_the_model_comes_back(home: Home) -> None:
    script = str(EXAMPLES / "digits" / "train.py")
    way = ("--nodes", "2", "--nproc", "2", "--max-restarts", "1")
    said = home.call("run", script, *way, "--", "--epochs", "2")

    assert said.code == 0, said.out + said.err
    for rank in range(4):
        assert f"[{rank}] rank {rank} of 4  backend gloo  master 127.0.0.1:" in said.out
        assert f"[{rank}] epoch 2  loss" in said.out
    assert "torch (found in " in said.err
    assert "first step after" in said.err
    (outputs,) = home.call("outputs", "-").out.splitlines()
    assert (Path(outputs) / "model.safetensors").stat().st_size > 1000
    assert [event for event in home.only().events() if event.kind == ev.FIRST_STEP]


@pytest.mark.parametrize(
    ("name", "framework", "says"),
    [
        pytest.param("hello-jax", "jax", "[0] ", marks=pytest.mark.jax),
        pytest.param("hello-tensorflow", "tensorflow", "[0] ", marks=pytest.mark.tensorflow),
        pytest.param(
            "hello-tensorflow-ps", "tensorflow", "global step", marks=pytest.mark.tensorflow
        ),
    ],
)
def test_the_smallest_scripts(home: Home, name: str, framework: str, says: str) -> None:
    job = str(EXAMPLES / name / "job.yaml")
    said = home.call("run", job, env={"CUDA_VISIBLE_DEVICES": ""})

    assert said.code == 0, said.out + said.err
    assert f"  {framework} · " in said.err
    assert says in said.out
    home.nothing_left()
