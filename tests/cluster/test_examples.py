"""The worked examples on a cluster, and `make demo ON=kubernetes`, which trains one of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .lab import power
from .lab.places import ROOT
from .lab.target import Cluster
from .lab.watching import holds
from .team import Team

#: Every node pulls 1.9 GB first.
pytestmark = pytest.mark.timeout(600)
PATIENCE = 300
EXAMPLES = ROOT / "examples"


@pytest.fixture
def torch(cluster: Cluster) -> str:
    """An image with PyTorch."""
    if cluster.torch is None:
        pytest.skip("no image with PyTorch is named")
    return cluster.torch


def test_the_demo_trains_digits_on_two_nodes_and_brings_the_model_back(
    team: Team, torch: str
) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "demo.sh", "kubernetes"],
        env={**team.env, "VENV": sys.prefix, "IMAGE": torch},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stdout
    for rank in range(4):
        assert f"[{rank}] rank {rank} of 4  backend gloo  master " in done.stdout
    found = re.search(r"^==> test accuracy ([\d.]+), at least 0.95", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    assert float(found[1]) >= 0.95
    assert "==> the model came back: outputs/demo/model.safetensors" in done.stdout
    model = ROOT / "outputs" / "demo" / "model.safetensors"
    assert model.stat().st_size > 1000
    holds("its run to be gone", lambda: team.admin.get("jobs")["items"] == [])


def test_ranks_tell_their_settings_and_find_the_port_that_was_asked_for(
    team: Team, torch: str
) -> None:
    job = str(EXAMPLES / "ddp" / "job.yaml")
    started = team.start("run", job, "--port", "29500", env={"RANKZERO_IMAGE": torch})
    said = started.wait(PATIENCE)

    assert said.code == 0, said
    run = said.err.split()[0]
    masters = re.findall(r"^\[\d\] backend gloo  master (\S+):29500  timeout 60.0$", said.out, re.M)
    assert len(masters) == 2
    assert len(set(masters)) == 1
    for rank in (0, 1):
        host = f"{run}-worker-{rank}"
        assert f"[{rank}] rank {rank} of 2  on {host}  restarts 0" in said.out
        assert f"[{rank}] process group is up: rank {rank} of 2" in said.out
        assert re.findall(rf"^\[{rank}\] epoch (\d)  loss", said.out, re.M) == ["1", "2", "3"]
        assert re.search(rf"^\[{rank}\] elapsed [\d.]+ s$", said.out, re.M)


def test_a_rank_that_always_fails_is_tried_twice_more_and_then_the_run_has_failed(
    team: Team, torch: str
) -> None:
    job = str(EXAMPLES / "ddp" / "job.yaml")
    asked = ("--set", "fail_rank=1")
    said = team.start("run", job, *asked, env={"RANKZERO_IMAGE": torch}).wait(PATIENCE)

    assert said.code == 1, said
    assert re.findall(r"^\[1\] rank 1 .* restarts (\d)$", said.out, re.M) == ["0", "1", "2"]
    assert "(exit 1, 2 restarts)" in said.err
    assert "rank 1 (worker/1) raised RuntimeError: rank 1 was told to fail in epoch 1" in said.err


@pytest.fixture
def gpus(lab: Cluster) -> Iterator[None]:
    """Two GPUs on each node of the lab, as far as Kubernetes can see."""
    assert lab.is_lab
    for node in (0, 1):
        power.gpus(node, 2)
    yield
    for node in (0, 1):
        power.gpus(node, 0)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("asked", "pods"),
    [pytest.param(("gpus=2",), 1, id="A"), pytest.param(("gpus=1", "nodes=2"), 2, id="B")],
)
def test_the_benchmark_on_two_gpus_in_one_pod_or_in_two(
    team: Team, torch: str, gpus: None, asked: tuple[str, ...], pods: int
) -> None:
    job = str(EXAMPLES / "benchmark" / "job.yaml")
    wanted = (*asked, f"image={torch}", "batch_size=4", "steps=3", "warmup=1")
    sets = [word for one in wanted for word in ("--set", one)]
    # Pretend GPUs do not compute: the ranks share two processors with everybody else.
    said = team.start("run", job, *sets, "--cpu", "0.5", "--outputs", "back").wait(PATIENCE)

    assert said.code == 0, said
    assert said.out.count("warm-up)") == 1
    result = json.loads((team.work / "back" / "result.json").read_text())
    assert (result["ranks"], result["ranks_a_node"]) == (2, 2 // pods)
    found = team.admin.get("pods")["items"]
    granted = [one["spec"]["containers"][0]["resources"]["limits"] for one in found]
    assert granted == [{"nvidia.com/gpu": str(2 // pods)}] * pods
