"""PyTorch on a cluster: a master and any number of workers, and the same script alone."""

from __future__ import annotations

import re

import pytest

from .lab.target import Cluster
from .team import Team

#: Every node pulls 1.9 GB first.
pytestmark = pytest.mark.timeout(600)
PATIENCE = 300

TRAIN = """
import os
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler

rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
alone = world == 1
torch.manual_seed(0)
x = torch.randn(24, 2)
y = x @ torch.tensor([[1.0], [2.0]])
model = torch.nn.Linear(2, 1)
mine = list(range(24))
if not alone:
    dist.init_process_group("gloo")
    model = DistributedDataParallel(model)
    mine = list(DistributedSampler(mine, shuffle=False))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(30):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x[mine]), y[mine])
    loss.backward()
    optimizer.step()
total = loss.detach()
if not alone:
    dist.all_reduce(total)
print("share", os.environ["RANKZERO_ROLE"], dist.is_initialized(), *mine)
print(f"loss {total.item() / world:.6f}")
if not alone:
    dist.destroy_process_group()
"""
JOB = """
run: train.py
framework: torch
params: {workers: 1}
max_restarts: 1
roles:
  master: {nodes: 1}
  worker: {nodes: "${workers}"}
"""


@pytest.fixture
def torch(cluster: Cluster) -> str:
    """An image with PyTorch."""
    if cluster.torch is None:
        pytest.skip("no image with PyTorch is named")
    return cluster.torch


def trained(team: Team, image: str, *argv: str) -> tuple[dict[int, list[str]], set[str]]:
    """Each rank's role, whether it had a group, and its share of the data; and all losses."""
    said = team.start("run", *argv, env={"RANKZERO_IMAGE": image}).wait(PATIENCE)
    assert said.code == 0, said
    shares = re.findall(r"^\[(\d+)\] share (.*)$", said.out, re.MULTILINE)
    losses = set(re.findall(r"^\[\d+\] loss (.*)$", said.out, re.MULTILINE))
    return {int(rank): rest.split() for rank, rest in shares}, losses


def test_more_workers_change_no_code_and_a_world_of_one_none_either(team: Team, torch: str) -> None:
    script, job = team.script(TRAIN), team.script(JOB, "job.yaml")

    (one, alone), (two, both), (four, all_four) = (
        trained(team, torch, *argv) for argv in ((script,), (job,), (job, "--set", "workers=3"))
    )

    assert one == {0: ["worker", "False", *map(str, range(24))]}
    assert [role for role, *_ in (two[0], two[1])] == ["master", "worker"]
    assert [four[rank][0] for rank in range(4)] == ["master", "worker", "worker", "worker"]
    for found in (two, four):
        assert {share[1] for share in found.values()} == {"True"}
        parts = sorted(int(row) for share in found.values() for row in share[2:])
        assert parts == [*range(24)], "each row is one rank's"
    # Equal shares of the same data, and gradients that are averaged: the same training.
    assert alone == both == all_four
