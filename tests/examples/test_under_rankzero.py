"""The examples as a user runs them: the command, the agents, the real framework, the result.

Every run may restart once: PyTorch 2.15 on gloo now and then aborts in the interpreter's own end
("terminate called without an active exception"), under torchrun as well as here.
"""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from rankzero.agent import events as ev
from support.home import Home

EXAMPLES = Path(__file__).parents[2] / "examples"
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}


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
    said = home.call("run", job, env=NO_GPU)

    assert said.code == 0, said.out + said.err
    assert f"  {framework} · " in said.err
    assert says in said.out
    home.nothing_left()


@pytest.mark.torch
def test_every_rank_tells_its_settings_its_group_and_its_epochs(home: Home) -> None:
    said = home.call("run", str(EXAMPLES / "ddp" / "job.yaml"), "--set", "epochs=2")

    assert said.code == 0, said.out + said.err
    means = set()
    for rank in (0, 1):
        assert re.search(rf"^\[{rank}\] rank {rank} of 2  on \S+  restarts 0$", said.out, re.M)
        settings = rf"^\[{rank}\] backend gloo  master 127.0.0.1:\d+  timeout 60.0$"
        assert re.search(settings, said.out, re.M)
        assert f"[{rank}] process group is up: rank {rank} of 2" in said.out
        epochs = re.findall(rf"^\[{rank}\] epoch (\d)  loss here \S+  of (.*)$", said.out, re.M)
        assert [number for number, _ in epochs] == ["1", "2"]
        means.add(tuple(mean for _, mean in epochs))
        assert re.search(rf"^\[{rank}\] elapsed [\d.]+ s$", said.out, re.M)
    assert len(means) == 1, "all ranks agree on the mean"


@pytest.mark.torch
def test_a_rank_that_always_fails_is_tried_twice_more_and_then_the_run_has_failed(
    home: Home,
) -> None:
    said = home.call("run", str(EXAMPLES / "ddp" / "job.yaml"), "--set", "fail_rank=1")

    assert said.code == 1
    assert re.findall(r"^\[1\] rank 1 .* restarts (\d)$", said.out, re.M) == ["0", "1", "2"]
    assert "(exit 1, 2 restarts)" in said.err
    assert "rank 1 (worker/1) raised RuntimeError: rank 1 was told to fail in epoch 1" in said.err


@pytest.mark.torch
def test_the_benchmark_fills_its_table_by_measuring(home: Home) -> None:
    table = str(EXAMPLES / "benchmark" / "table.py")
    said = home.python(table, "--batch-sizes", "4", "--steps", "3").wait()

    assert said.code == 0, said.err
    _, _, *rows = said.out.splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[:4] for row in cells] == [
        ["-", "1 x 1", "4", "cpu"],
        ["A", "1 x 2", "4", "cpu"],
        ["B", "2 x 1", "4", "cpu"],
    ]
    assert all(float(number) > 0 for row in cells for number in row[4:])


@pytest.mark.torch
def test_the_benchmark_leaves_its_warm_up_out(home: Home) -> None:
    job = str(EXAMPLES / "benchmark" / "job.yaml")
    wanted = ("--set", "batch_size=4", "--set", "steps=3", "--set", "warmup=2")
    said = home.call("run", job, *wanted, "--nproc", "2", "--outputs", "back")

    assert said.code == 0, said.out + said.err
    steps = re.findall(r"^\[0\] step (\d) .*?(warm-up)?\)?$", said.out, re.M)
    assert steps == [("1", "warm-up"), ("2", "warm-up"), ("3", ""), ("4", ""), ("5", "")]
    result = json.loads((home.work / "back" / "result.json").read_text())
    assert (result["ranks"], result["ranks_a_node"], result["batch_size"]) == (2, 2, 4)
    assert (result["steps"], result["warmup"]) == (3, 2)


@pytest.mark.tensorflow
def test_a_killed_worker_s_training_goes_on_from_the_checkpoint(home: Home) -> None:
    job = str(EXAMPLES / "digits-ps" / "job.yaml")
    log_dir = home.work / "kept"
    wanted = ("--set", "steps=1500", "--set", "hidden_units=64", "--set", f"log_dir={log_dir}")
    running = home.start("run", job, *wanted, env=NO_GPU)
    running.until_said("test accuracy", 120)
    os.kill(home.ranks()[1].pid, signal.SIGKILL)

    said = running.wait(120)

    assert said.code == 0, said.out + said.err
    assert "worker 0  initialised the variables" in said.out
    assert re.search(r"worker 0  resumed at global step [1-9]\d*$", said.out, re.M)
    assert "1 restart" in said.err
    kept = {path.name.split(".")[0] for path in log_dir.iterdir()}
    assert kept == {"checkpoint", "model", "events"}
