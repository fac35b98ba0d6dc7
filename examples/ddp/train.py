"""DistributedDataParallel, told in full: who each rank is, what it uses, and every epoch.

Data that are made up, but the same for all ranks, which share them out. Nothing in here knows
rankzero: it runs as `python train.py`, under `torchrun`, and under `rankzero run`.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

RANK = int(os.environ.get("RANK", "0"))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", "1"))
OUTPUTS = Path(os.environ.get("RANKZERO_OUTPUTS", "outputs"))


def main() -> None:
    options = parse()
    began = time.monotonic()
    join()
    data = samples(options.samples)
    sampler = DistributedSampler(data, WORLD_SIZE, RANK)
    batches = DataLoader(data, batch_size=options.batch_size, sampler=sampler)
    model = DistributedDataParallel(nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr)
    total = torch.zeros(())  # kept: one that is freed while Gloo has it can hang PyTorch 1's exit
    for epoch in range(1, options.epochs + 1):
        if options.fail_rank == RANK:
            raise RuntimeError(f"rank {RANK} was told to fail in epoch {epoch}")
        sampler.set_epoch(epoch)
        mine = train_epoch(model, optimizer, batches)
        print(f"epoch {epoch}  loss here {mine:.4f}  of all ranks {mean(mine, total):.4f}")
    if RANK == 0:
        OUTPUTS.mkdir(parents=True, exist_ok=True)
        torch.save(model.module.state_dict(), OUTPUTS / "model.pt")
        print(f"saved {OUTPUTS / 'model.pt'}")
    dist.destroy_process_group()
    print(f"elapsed {time.monotonic() - began:.1f} s")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=4096, help="of all ranks together")
    parser.add_argument("--batch-size", type=int, default=32, help="samples a step, of each rank")
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--fail-rank", type=int, default=-1, help="this rank raises an error")
    return parser.parse_args()


def join() -> None:
    """Meet the other ranks. A timeout that the job names holds here without being passed."""
    said = os.environ.get
    backend, timeout = said("RANKZERO_BACKEND", "gloo"), said("RANKZERO_TIMEOUT_S", "torch's own")
    master = f"{said('MASTER_ADDR', 'none')}:{said('MASTER_PORT', 'none')}"
    where, restarts = platform.node(), said("TORCHELASTIC_RESTART_COUNT", "0")
    print(f"rank {RANK} of {WORLD_SIZE}  on {where}  restarts {restarts}")
    print(f"backend {backend}  master {master}  timeout {timeout}")
    if "MASTER_ADDR" in os.environ:
        dist.init_process_group(backend)
    else:  # started as `python train.py`: a world of one, that needs no port
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    print(f"process group is up: rank {dist.get_rank()} of {dist.get_world_size()}")


def samples(count: int) -> TensorDataset:
    """Points near a plane, drawn alike on every rank."""
    made = torch.Generator().manual_seed(0)
    x = torch.randn(count, 8, generator=made)
    slope = torch.arange(1.0, 9.0).unsqueeze(1)
    return TensorDataset(x, x @ slope + 0.1 * torch.randn(count, 1, generator=made))


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: DataLoader[Any]
) -> float:
    """One pass over this rank's share; its mean loss."""
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


def mean(value: float, total: torch.Tensor) -> float:
    """The mean of every rank's value."""
    total.fill_(value)
    dist.all_reduce(total)
    return total.item() / WORLD_SIZE


if __name__ == "__main__":
    main()
