"""Handwritten digits with PyTorch DistributedDataParallel: real data, nothing to download.

Nothing in here knows rankzero. It runs as `python train.py`, under `torchrun`, and under
`rankzero run`, which names the folder for what it makes in RANKZERO_OUTPUTS.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

RANK = int(os.environ.get("RANK", "0"))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", "1"))
LOCAL_RANK = int(os.environ.get("LOCAL_RANK", "0"))
LOCAL_WORLD_SIZE = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
RUN = os.environ.get("TORCHELASTIC_RUN_ID", "none")
RESTARTS = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
OUTPUTS = Path(os.environ.get("RANKZERO_OUTPUTS", "outputs"))


def main() -> None:
    options = parse()
    began = time.monotonic()
    device = connect()
    torch.manual_seed(options.seed)
    train, test = digits()
    sampler = DistributedSampler(train, WORLD_SIZE, RANK, seed=options.seed)
    batches = DataLoader(train, batch_size=options.batch_size, sampler=sampler)
    model = DistributedDataParallel(network().to(device))
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)

    first = resume(model.module, optimizer, device)
    for epoch in range(first, options.epochs + 1):
        sampler.set_epoch(epoch)
        for group in optimizer.param_groups:  # ever smaller steps, by the epoch's number alone
            group["lr"] = options.lr * (1 - (epoch - 1) / options.epochs)
        loss = train_epoch(model, optimizer, batches, device)
        line = f"epoch {epoch}  loss {loss:.3f}"
        if RANK == 0:
            line += f"  accuracy {accuracy(model.module, test, device):.3f}"
            save(model.module, optimizer, epoch)
        print(line)

    if RANK == 0:
        print(f"test accuracy {accuracy(model.module, test, device):.3f}")
        print(f"saved {OUTPUTS / 'model.safetensors'}")
    dist.destroy_process_group()
    print(f"elapsed {time.monotonic() - began:.1f} s")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=16, help="samples a step, of each rank")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def connect() -> torch.device:
    """Join the other ranks; the device that this one computes on."""
    # NCCL needs a GPU for each rank; with fewer, all compute on processors.
    on_gpus = torch.cuda.is_available() and torch.cuda.device_count() >= LOCAL_WORLD_SIZE
    backend = os.environ.get("RANKZERO_BACKEND") or ("nccl" if on_gpus else "gloo")
    master = f"{os.environ.get('MASTER_ADDR', 'none')}:{os.environ.get('MASTER_PORT', 'none')}"
    print(f"rank {RANK} of {WORLD_SIZE}  backend {backend}  master {master}")
    device = torch.device("cuda", LOCAL_RANK) if on_gpus else torch.device("cpu")
    if on_gpus:
        torch.cuda.set_device(device)
    if "MASTER_ADDR" in os.environ:
        dist.init_process_group(backend)
    else:  # started as `python train.py`: a world of one, that needs no port
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
    print(f"process group is up: rank {dist.get_rank()} of {dist.get_world_size()} on {device}")
    return device


def digits() -> tuple[TensorDataset, TensorDataset]:
    """The data set, always divided in the same way: 1,437 digits to learn from, 360 to test on."""
    images, labels = load_digits(return_X_y=True)
    parts = train_test_split(images / 16, labels, test_size=0.2, stratify=labels, random_state=0)
    train_x, test_x, train_y, test_y = (torch.as_tensor(part) for part in parts)
    return TensorDataset(train_x.float(), train_y), TensorDataset(test_x.float(), test_y)


def network() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: DataLoader[Any],
    device: torch.device,
) -> float:
    """One pass over this rank's share; its mean loss."""
    model.train()
    total = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(batches)


@torch.no_grad()
def accuracy(model: nn.Module, data: TensorDataset, device: torch.device) -> float:
    model.eval()
    x, y = data.tensors
    return (model(x.to(device)).argmax(dim=1).cpu() == y).float().mean().item()


def save(model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> None:
    """Write model and checkpoint, each whole or not at all, whenever we are killed."""
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    checkpoint = {
        "run": RUN,
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    part = OUTPUTS / "unfinished.part"
    torch.save(checkpoint, part)
    part.replace(OUTPUTS / "checkpoint.pt")
    save_file(model.state_dict(), part)
    part.replace(OUTPUTS / "model.safetensors")


def resume(model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> int:
    """Go on from this run's checkpoint, where it has one; the epoch to begin with.

    Only rank 0 need see the outputs folder: the others are told by it.
    """
    found: list[Any] = [None]
    path = OUTPUTS / "checkpoint.pt"
    if RANK == 0 and path.exists():
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        if RESTARTS > 0 or (RUN != "none" and checkpoint["run"] == RUN):
            found = [checkpoint]
    dist.broadcast_object_list(found, src=0, device=device)
    if found[0] is None:
        return 1
    model.load_state_dict(found[0]["model"])
    optimizer.load_state_dict(found[0]["optimizer"])
    epoch = int(found[0]["epoch"])
    print(f"resumed after epoch {epoch}")
    return epoch + 1


if __name__ == "__main__":
    main()
